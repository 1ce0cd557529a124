"""From factors to pixels: figure over background, light, camera, lens, grain.

`render` is a pure function of its arguments: the same factors give the same picture, and the same composition at every
height, since all texture is laid out in shares of the picture's height.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from .canvas import BAG, GARMENTS, HAIR, HAT, INK, LOWER, LOWER2, SHOES, SKIN, UPPER, UPPER2, Canvas, palette
from .factors import CLOTH, Row
from .factors import HAIR as HAIR_COLOURS
from .factors import SKIN as SKIN_COLOURS
from .pedestrian import Pedestrian
from .scenes import background

HEIGHTS = (64, 256)
BANK = 4  # textures are this many pictures high and wide
EVERYTHING = tuple(range(1, 16))


def check_height(height: int) -> None:
    low, high = HEIGHTS
    if not (isinstance(height, int | np.integer) and low <= height <= high and height % 2 == 0):
        raise ValueError(
            f"height must be an even number of pixels from {low} to {high} (the width is half), got {height!r}."
        )


def _supersampling(height: int) -> int:
    return 4 if height < 96 else 3 if height <= 160 else 2


def render(appearance: Row, structure: Row, camera: Row, height: int) -> np.ndarray:
    """The picture of these clothes on this body: RGB uint8 (height, height // 2, 3).

    Of `appearance` only the `APPEARANCE` columns are read, of `structure` only the `STRUCTURE` columns.
    """
    factor = _supersampling(height)
    person = Pedestrian(structure, height, factor)
    canvas = person.draw(appearance)
    figure = canvas.reduced_colour(_palette(appearance, structure), factor)
    cover = canvas.reduced_share(EVERYTHING, factor).astype(np.float32)[..., None] / 255
    x, y, unit = person.x / factor, person.y / factor, person.unit / factor

    columns = np.arange(height // 2, dtype=np.float32) + 0.5 - x
    rows = np.arange(height, dtype=np.float32) + 0.5 - y
    folds, grain = _textures(structure["texture"], height)
    side = 1.02 + 0.15 * structure["light"] * np.clip(columns / (12 * unit), -1, 1)
    figure *= (side + 0.13 * folds)[..., None]

    shift = -2.5 * structure["light"] * unit
    shadow = np.outer(np.exp(-((rows / (2.6 * unit)) ** 2)), 0.5 * np.exp(-(((columns - shift) / (11.5 * unit)) ** 2)))[
        ..., None
    ]
    image = background(camera, structure["place_x"], structure["place_y"], height) * ((1 - cover) * (1 - shadow))
    image += figure

    tint = structure["tint"]
    scale = structure["contrast"] * structure["gain"] * camera["gain"] * np.array(camera["cast"])
    image *= (scale * (1 + tint, 1, 1 - tint)).astype(np.float32)
    image += 118 * (1 - structure["contrast"])
    radius = structure["blur"] * height / 128
    if radius > 0.05:
        soft = Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(radius))
        image = np.asarray(soft, np.float32)
    image = image + (structure["grain"] * grain)[..., None]
    return np.clip(image, 0, 255).astype(np.uint8)


def clothes_mask(appearance: Row, structure: Row, height: int) -> np.ndarray:
    """Where garments (upper, lower, shoes) are seen, not hidden by bag, hair or skin: bool (height, height // 2).

    A pixel counts when cloth covers at least half of it.
    """
    factor = _supersampling(height)
    canvas: Canvas = Pedestrian(structure, height, factor).draw(appearance)
    return canvas.reduced_share(GARMENTS, factor) >= 128


def _palette(appearance: Row, structure: Row) -> bytes:
    return palette(
        {
            UPPER: CLOTH[appearance["upper"]],
            UPPER2: CLOTH[appearance["upper2"]],
            LOWER: CLOTH[appearance["lower"]],
            LOWER2: CLOTH[appearance["lower2"]],
            SHOES: CLOTH[appearance["shoes"]],
            SKIN: SKIN_COLOURS[structure["skin"]],
            HAIR: HAIR_COLOURS[structure["hair"]],
            HAT: CLOTH[structure["hat_colour"]],
            BAG: CLOTH[structure["bag_colour"]],
            INK: (44, 34, 32),
        }
    )


def _textures(number: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Folds (soft, about -1..1) and grain (standard normal), float32 (height, height // 2): a piece of each bank."""
    folds, grain = _bank(height)
    x, y = (number & 1023) / 1024, (number >> 10) / 1024
    y, x = int(y * (BANK - 1) * height), int(x * (BANK - 1) * (height // 2))
    piece = slice(y, y + height), slice(x, x + height // 2)
    return folds[piece], grain[piece]


@lru_cache(maxsize=8)
def _bank(height: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    size = BANK * (height // 2), BANK * height
    coarse = rng.uniform(-1, 1, (16 * BANK, 8 * BANK)).astype(np.float32)
    folds = np.asarray(Image.fromarray(coarse).resize(size, Image.BICUBIC))
    return folds, rng.standard_normal(size[::-1], np.float32)
