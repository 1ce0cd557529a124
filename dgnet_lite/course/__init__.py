"""What runs the course: checks for exercises, exercises built from solutions, notebooks run with parameters.

This is the only room that may import jupyter's libraries and `dgnet_lite.show`; nothing imports it but notebooks.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout that this package lies in."""
