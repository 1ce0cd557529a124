"""Pictures side by side with captions, drawn without matplotlib: quick enough to follow a slider."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dgnet_lite.show.style import INK, LINE

MARGIN, BETWEEN = 10, 34


@dataclass(frozen=True, eq=False)
class Strip:
    """A finished picture, uint8 (H, W, 3), and what it shows in words; a notebook displays it like a `Picture`."""

    pixels: np.ndarray
    alt_text: str

    def png(self) -> bytes:
        file = io.BytesIO()
        Image.fromarray(self.pixels).save(file, "PNG", compress_level=1)
        return file.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"image/png": self.png(), "text/plain": self.alt_text}, {"image/png": {"alt": self.alt_text}}


def strip(
    images: Sequence[np.ndarray], captions: Sequence[str], signs: Sequence[str], *, title: str, height: int = 192
) -> Strip:
    """Images, uint8 (h, w, 3) each and all of one size, enlarged to about `height` pixels.

    Args:
        captions: one an image, above it.
        signs: what stands between two images, one less than there are images.
        title: above all.
    """
    zoom = max(1, round(height / images[0].shape[0]))
    tiles = [np.repeat(np.repeat(image, zoom, axis=0), zoom, axis=1) for image in images]
    h, w = tiles[0].shape[:2]
    top = MARGIN + 2 * LINE + 4
    canvas = Image.new("RGB", (2 * MARGIN + len(tiles) * (w + BETWEEN), top + h + MARGIN), "white")
    draw = ImageDraw.Draw(canvas)
    draw.text((MARGIN, MARGIN - 4), title, INK, _font("DejaVuSans-Bold.ttf", 13))
    for k, (tile, text) in enumerate(zip(tiles, captions, strict=True)):
        left = MARGIN + k * (w + BETWEEN)
        canvas.paste(Image.fromarray(tile), (left, top))
        draw.text((left + w / 2, top - 4), text, INK, _font("DejaVuSans.ttf", 12), anchor="mb")
        if k < len(signs):
            draw.text((left + w + BETWEEN / 2, top + h / 2), signs[k], INK, _font("DejaVuSans.ttf", 22), anchor="mm")
    return Strip(np.asarray(canvas), f"{title}: {len(images)} pictures in a row: {'; '.join(captions)}.")


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)
