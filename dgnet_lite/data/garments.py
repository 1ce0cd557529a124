"""Patterns of cloth, put on a canvas of labels after the figure is drawn.

A pattern turns some pixels of a garment's first colour into its second. It is laid out in the body's units and bends
around it, so it moves with the person, and is cut by whatever lies over the cloth.
"""

from __future__ import annotations

import math

import numpy as np

from .canvas import LOWER, UPPER
from .factors import Row

PERIOD = 8.4  # of stripes, in hundredths of the body's height: two pixels a stripe at 64 x 32


def dress(labels: np.ndarray, appearance: Row, yaw: float, x: float, y: float, unit: float, half_width: float) -> None:
    """Write the patterns into the labels.

    Args:
        labels: uint8 (H, W), changed in place.
        appearance: the factors of `APPEARANCE`.
        yaw: the body's heading, radians.
        x, y: the canvas point beneath the body's middle, on the ground.
        unit: pixels per hundredth of the body's height.
        half_width: of the torso, pixels.
    """
    pattern, fabric = appearance["pattern"], appearance["fabric"]
    if pattern != "plain":
        region, ys, xs = _strip(labels, y - 90 * unit, y - 40 * unit, x, unit)
        ys = y / unit - ys  # hundredths above the ground
        second = _pattern(pattern, appearance["pattern_scale"], xs, ys, yaw, half_width / unit)
        _recolour(region, UPPER, second)
    if fabric == "check":
        region, ys, xs = _strip(labels, y - 60 * unit, y, x, unit)
        period = 8.0
        second = ((ys - y / unit) % period < 0.3 * period) | ((xs + 1) % period < 0.3 * period)
        _recolour(region, LOWER, second)


def _strip(
    labels: np.ndarray, top: float, bottom: float, x: float, unit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the canvas with the coordinates of their pixels in body units: ys (h, 1), xs (1, w) from the middle."""
    a, b = max(0, int(top)), max(0, min(labels.shape[0], int(bottom)))
    ys = (np.arange(a, b, dtype=np.float32) + 0.5) / unit
    xs = (np.arange(labels.shape[1], dtype=np.float32) + 0.5 - x) / unit
    return labels[a:b], ys[:, None], xs[None, :]


def _recolour(region: np.ndarray, material: int, second: np.ndarray) -> None:
    region += ((region >> 4 == material) & second).astype(np.uint8) << 4


def _pattern(pattern: str, scale: float, xs: np.ndarray, ys: np.ndarray, yaw: float, half_width: float) -> np.ndarray:
    """Where the second colour is: bool, broadcastable to the strip."""
    period = PERIOD * scale
    if pattern == "block":
        return ys < 66
    if pattern == "hstripe":
        return (ys - 50) % period < 0.5 * period
    if pattern == "logo":
        if math.cos(yaw) < 0.25:
            return np.zeros((1, 1), bool)
        across = (xs - 3.0 * math.sin(yaw)) / math.cos(yaw)
        return across**2 + (ys - 72) ** 2 < (4.3 * scale) ** 2
    around = half_width * 1.1 * np.arcsin(np.clip(xs / (half_width * 1.35), -1, 1))
    around = around + 0.25 * period * math.sin(yaw)
    if pattern == "vstripe":
        return around % period < 0.5 * period
    if pattern == "check":
        return (around % period < 0.32 * period) | ((ys - 50) % period < 0.32 * period)
    row, down = np.divmod(ys - 50, 0.8 * period)  # dots, every other row shifted
    across = (around + 0.5 * period * (row % 2)) % period - 0.5 * period
    return across**2 + (down - 0.4 * period) ** 2 < (0.29 * period) ** 2
