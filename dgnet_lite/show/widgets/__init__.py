"""What one can move with the hand: pictures that answer to sliders, and a training that one can watch and stop.

Needs the extra `course` (ipywidgets); nothing else in the package does but `dgnet_lite.course`.
"""
