"""Where a body stands in the picture, and how points of it become points of the canvas.

The body's units are hundredths of its height: X to its left and right, Y up, Z ahead. A turn by `yaw` and a parallel
projection give canvas points.
"""

from __future__ import annotations

import math

from .canvas import Canvas, Point
from .factors import Row


class Body:
    """An empty canvas and the projection onto it, for one row of structure factors.

    Args:
        structure: the factors of `STRUCTURE`.
        height: of the picture, pixels.
        supersampling: labels per pixel along each axis.

    `x`, `y` are the canvas point between the feet, `unit` the canvas pixels in a hundredth of the body's height.
    """

    def __init__(self, structure: Row, height: int, supersampling: int) -> None:
        f = structure
        size = height * supersampling
        self.f = f
        self.canvas = Canvas(size // 2, size, f["light"])
        px = size / 128
        self.unit = 1.1 * px * f["stature"] * f["scale"]
        self.x = (32 + f["dx"]) * px
        self.y = (122.5 + f["dy"]) * px
        self.yaw = math.radians(f["yaw"])
        self.cos, self.sin = math.cos(self.yaw), math.sin(self.yaw)
        self.build = f["build"]
        self.thick = f["build"] ** 0.5

    def point(self, across: float, up: float, ahead: float) -> Point:
        u = self.unit
        return (
            self.x + (across * self.cos + ahead * self.sin + self.f["lean"] * up) * u,
            self.y - up * u,
        )

    def nearness(self, across: float, ahead: float) -> float:
        return ahead * self.cos - across * self.sin

    def width(self, frontal: float, lateral: float) -> float:
        """Half the seen width, in pixels, of a part that is `frontal` by `lateral` wide."""
        return (frontal * abs(self.cos) + lateral * abs(self.sin)) * self.unit
