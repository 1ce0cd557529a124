"""DG-Net as a course: joint discriminative and generative learning for person re-identification.

Zheng et al., "Joint Discriminative and Generative Learning for Person Re-identification", CVPR 2019.
The rooms, in the order of the data: data, networks, dgnet, losses, schedule, training, evaluation, show, course.
Importing this package is cheap; torch is loaded by the module that needs it.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("dgnet_lite")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
