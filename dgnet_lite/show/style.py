"""One palette, one font size, and a figure that carries its own description."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image

from dgnet_lite.training.checkpoint import write_whole

PALETTE = [
    "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9",
]  # fmt: skip
"""seaborn's "colorblind", written out, as seaborn takes seconds to import."""
BLUE, ORANGE, GREEN, VERMILION = PALETTE[:4]
INK, FAINT = "#222222", "#8a8a8a"
LINES = ("-", "--", "-.", ":")
MARKERS = "osD^vP"
"""Beside the palette's colours, in its order: nobody has to tell two things apart by colour alone."""
FONT_SIZE = 9
DPI = 100
LINE = 16
"""Pixels from one line of text to the next, a little more than it needs."""

RC: dict[str, Any] = {
    "font.size": FONT_SIZE,
    "axes.titlesize": FONT_SIZE,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": FONT_SIZE,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": matplotlib.cycler(color=PALETTE),
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.6,
    "legend.fontsize": FONT_SIZE - 1,
    "legend.frameon": False,
    "xtick.labelsize": FONT_SIZE - 1,
    "ytick.labelsize": FONT_SIZE - 1,
    "figure.dpi": DPI,
}

P = ParamSpec("P")
T = TypeVar("T")


class Picture(Figure):
    """A matplotlib Figure with `alt_text`, which a notebook stores with the image, for readers who do not see it.

    It belongs to no window: nothing appears until a notebook cell returns or displays it, and none is left open.
    """

    alt_text: str = ""

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        image = _fewer_colours(png(self))
        return {"image/png": image, "text/plain": self.alt_text}, {"image/png": {"alt": self.alt_text}}


def styled(function: Callable[P, T]) -> Callable[P, T]:
    """The function draws with the course's fonts and colours, whatever the reader's matplotlib is set to."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if "backend" not in name}
        with matplotlib.rc_context(defaults | RC):
            return function(*args, **kwargs)

    return inside


@styled
def png(figure: Figure, *, compress_level: int = 6, **metadata: str) -> bytes:
    """The figure as the bytes of a PNG file, with text fields; compress_level 1 is larger and quicker made."""
    file = io.BytesIO()
    how = {"compress_level": compress_level}
    figure.savefig(file, format="png", facecolor="white", metadata=metadata, pil_kwargs=how)
    return file.getvalue()


def _fewer_colours(content: bytes) -> bytes:
    """A PNG with at most 256 colours, a third of the size where there are photos: what a notebook stores."""
    few = Image.open(io.BytesIO(content)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    file = io.BytesIO()
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


def save(figure: Figure, path: str | Path, *, command: str) -> Path:
    """Write a PNG whose text fields hold the command that made it and the alternative text; whole or not at all."""
    content = png(figure, Command=command, Description=getattr(figure, "alt_text", ""))
    write_whole(Path(path), lambda file: file.write(content))
    return Path(path)


@styled
def image_figure(
    canvas: np.ndarray,
    *,
    title: str,
    reading: str,
    rows: dict[float, str] | None = None,
    columns: dict[float, str] | None = None,
    zoom: int = 1,
    alt_text: str,
) -> Picture:
    """A composed image, uint8 (H, W, 3), shown pixel by pixel, `zoom` times as large; nothing is smoothed.

    Args:
        title: above it.
        reading: below it, how to read rows and columns.
        rows, columns: labels at positions in pixels of the canvas; columns are labelled above.
    """
    height, width = (zoom * n for n in canvas.shape[:2])
    left = 12 + max((len(text) for text in (rows or {}).values()), default=0) * 6
    inside = max(width, 420)
    title, reading = _wrapped(title, inside, "bold"), _wrapped(reading, inside, "normal")
    top = 12 + LINE * (title.count("\n") + 1) + (16 if columns else 0)
    bottom = 12 + LINE * (reading.count("\n") + 1)
    full_width, full_height = left + inside + 10, top + height + bottom
    figure = Picture(figsize=(full_width / DPI, full_height / DPI), dpi=DPI)
    axes = figure.add_axes((left / full_width, bottom / full_height, width / full_width, height / full_height))
    axes.imshow(canvas, interpolation="nearest", aspect="auto")
    axes.set_title(title, pad=22 if columns else 6)
    axes.set_xlabel(reading, loc="left")
    axes.xaxis.set_label_coords(0, -4 / height)
    axes.xaxis.label.set_verticalalignment("top")
    axes.set_xticks(list(columns or {}), list((columns or {}).values()))
    axes.set_yticks(list(rows or {}), list((rows or {}).values()))
    axes.tick_params(length=0, pad=3, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    figure.alt_text = alt_text
    return figure


def _wrapped(text: str, pixels: int, weight: str) -> str:
    """The text in lines of at most so many pixels, by the mean width of its letters."""
    width = TextPath((0, 0), text, prop=FontProperties(size=FONT_SIZE, weight=weight)).get_extents().width * DPI / 72
    return textwrap.fill(text, max(20, int(0.93 * len(text) * pixels / width)))
