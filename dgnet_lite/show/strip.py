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
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
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
    images: Sequence[np.ndarray],
    captions: Sequence[str],
    signs: Sequence[str] = (),
    *,
    title: str,
    height: int = 192,
    between: int = BETWEEN,
    places: int = 0,
    lines: Sequence[str] = (),
    marks: Sequence[tuple[str, str] | None] = (),
) -> Strip:
    """Images, uint8 (h, w, 3) each and all of one size, enlarged to about `height` pixels.

    Args:
        captions: one an image, above it.
        signs: what stands between two images, one less than there are images, or none.
        title: above all.
        between: pixels from one image to the next.
        places: the picture is as wide as so many images, if there are less: then it keeps its size.
        lines: of text, beneath all.
        marks: of each image a symbol and a colour for its frame, or None; without a symbol it is struck through.
    """
    zoom = max(1, round(height / images[0].shape[0]))
    tiles = [np.repeat(np.repeat(image, zoom, axis=0), zoom, axis=1) for image in images]
    h, w = tiles[0].shape[:2]
    top = MARGIN + 2 * LINE + 4
    width = 2 * MARGIN + max(places, len(tiles)) * (w + between)
    canvas = Image.new("RGB", (width, top + h + MARGIN + LINE * len(lines)), "white")
    draw = ImageDraw.Draw(canvas)
    draw.text((MARGIN, MARGIN - 4), title, INK, font("DejaVuSans-Bold.ttf", 13))
    for k, (tile, text) in enumerate(zip(tiles, captions, strict=True)):
        left = MARGIN + k * (w + between)
        canvas.paste(Image.fromarray(tile), (left, top))
        draw.text((left + w / 2, top - 7), text, INK, font("DejaVuSans.ttf", 12), anchor="ms")
        if k < len(marks) and marks[k]:
            _mark(draw, (left, top, left + w - 1, top + h - 1), *marks[k])
        if k < len(signs):
            draw.text((left + w + between / 2, top + h / 2), signs[k], INK, font("DejaVuSans.ttf", 22), anchor="mm")
    for k, text in enumerate(lines):
        draw.text((MARGIN, top + h + MARGIN + k * LINE), text, INK, font("DejaVuSans.ttf", 12))
    words = f"{title}: {len(images)} pictures in a row: {'; '.join(captions)}. {' '.join(lines)}"
    return Strip(np.asarray(canvas), words.rstrip())


def _mark(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], symbol: str, colour: str) -> None:
    left, top, right, bottom = box
    draw.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=colour, width=3)
    if symbol:
        draw.rectangle((left + 3, top + 3, left + 18, top + 18), "white", colour)
        draw.text((left + 11, top + 11), symbol, colour, font("DejaVuSans.ttf", 13), anchor="mm")
    else:
        draw.line((left, bottom, right, top), colour, 2)


def beneath(above: Strip, figure: Figure, alt_text: str) -> Strip:
    """A figure drawn beneath a strip, left edges in line."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    plot = np.asarray(canvas.buffer_rgba())[..., :3]
    width = max(above.pixels.shape[1], plot.shape[1])
    missing = [(part, width - part.shape[1]) for part in (above.pixels, plot)]
    wide = [np.pad(part, ((0, 0), (0, pixels), (0, 0)), constant_values=255) for part, pixels in missing]
    return Strip(np.concatenate(wide), alt_text)


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)
