"""A canvas of labels: every pixel names its material and its shade, colours come last.

One byte a pixel, `16 * material + shade`. Drawing it is cheap, the garments' mask falls out of it exactly, and a
pattern is a second material put where the first one is.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

NOTHING, UPPER, UPPER2, LOWER, LOWER2, SHOES, SKIN, HAIR, HAT, BAG, INK = range(11)
GARMENTS = (UPPER, UPPER2, LOWER, LOWER2, SHOES)
PLAIN = 10  # the shade that leaves a colour as it is; 0 is darkest, 15 lightest

Point = tuple[float, float]
_ARC = [(math.cos(a), math.sin(a)) for a in np.linspace(-math.pi / 2, math.pi / 2, 5)]


class Canvas:
    """Labels of one figure, to be reduced to the picture's size; `light` is where highlights sit, -1 left, 1 right."""

    def __init__(self, width: int, height: int, light: float) -> None:
        self.labels = Image.new("L", (width, height))
        self._draw = ImageDraw.Draw(self.labels)
        self.light = light

    def shape(self, points: list[Point], material: int, shade: int = PLAIN) -> None:
        self._draw.polygon(points, fill=16 * material + shade)

    def oval(self, x: float, y: float, rx: float, ry: float, material: int, shade: int = PLAIN) -> None:
        self._draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=16 * material + shade)

    def cap(self, x: float, y: float, rx: float, ry: float, material: int, shade: int = PLAIN) -> None:
        """The upper half of an oval."""
        self._draw.chord((x - rx, y - ry, x + rx, y + ry), 180, 360, fill=16 * material + shade)

    def capsule(self, p: Point, q: Point, rp: float, rq: float, material: int, shade: int = PLAIN) -> None:
        """A round-ended bar from p (radius rp) to q (radius rq)."""
        (px, py), (qx, qy) = p, q
        dx, dy = qx - px, qy - py
        n = math.sqrt(dx * dx + dy * dy) + 1e-6
        dx, dy = dx / n, dy / n
        points = [(qx + rq * (c * dx - s * dy), qy + rq * (c * dy + s * dx)) for c, s in _ARC]
        points += [(px - rp * (c * dx - s * dy), py - rp * (c * dy + s * dx)) for c, s in _ARC]
        self._draw.polygon(points, fill=16 * material + shade)

    def limb(self, p: Point, q: Point, rp: float, rq: float, material: int, shade: int = PLAIN) -> None:
        """A capsule with a darker rim and its lighter side towards the light."""
        self.capsule(p, q, rp, rq, material, shade - 2)
        shift = 0.3 * self.light
        p, q = (p[0] + shift * rp, p[1]), (q[0] + shift * rq, q[1])
        self.capsule(p, q, 0.62 * rp, 0.62 * rq, material, shade + 1)

    def reduced_colour(self, palette: bytes, factor: int) -> np.ndarray:
        """The picture on black, float32 (H, W, 3), pixels averaged over `factor` x `factor` labels."""
        picture = self.labels.copy()
        picture.putpalette(palette)
        return np.asarray(picture.convert("RGB").reduce(factor), np.float32)

    def reduced_share(self, materials: tuple[int, ...], factor: int) -> np.ndarray:
        """How much of each pixel the materials cover, uint8 (H, W), 0..255."""
        return np.asarray(self.labels.point(_table(materials)).reduce(factor))


_TABLES: dict[tuple[int, ...], list[int]] = {}


def _table(materials: tuple[int, ...]) -> list[int]:
    if materials not in _TABLES:
        _TABLES[materials] = [255 if i // 16 in materials else 0 for i in range(256)]
    return _TABLES[materials]


_FACTOR = 1 + 0.05 * (np.arange(16, dtype=np.float32) - PLAIN)


def palette(colours: dict[int, tuple[int, int, int]]) -> bytes:
    """256 colours: 16 shades of each material. Very dark cloth shows its folds, too."""
    table = np.zeros((16, 16, 3), np.float32)
    for material, colour in colours.items():
        table[material] = np.multiply.outer(_FACTOR, np.asarray(colour, np.float32) + 14) - 14
    return np.clip(table, 0, 255).astype(np.uint8).tobytes()
