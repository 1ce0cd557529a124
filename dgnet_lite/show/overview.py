"""The method on one page, with the lesson that builds each part: DG-Net's Figure 2, drawn with Toy Market's people."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from dgnet_lite.show.style import BLUE, FAINT, FONT_SIZE, GREEN, INK, ORANGE, VERMILION, Picture, styled

LEFT_TO_RIGHT, BOTTOM_TO_TOP = (0, 10.4), (-0.4, 4.9)
"""Units of the drawing; a unit is as wide as it is high."""


@styled
def course_map(x_i: np.ndarray, x_j: np.ndarray, swap: np.ndarray) -> Picture:
    """Boxes are networks, round marks are codes and features, numbers are lessons.

    Args:
        x_i, x_j, swap: uint8 (H, H // 2, 3): who gives the clothes, who gives the rest, and the swap x_j^i.
    """
    figure = Picture(figsize=(9, 9 * np.ptp(BOTTOM_TO_TOP) / np.ptp(LEFT_TO_RIGHT)))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    grey = np.broadcast_to(x_j.mean(axis=-1, keepdims=True), x_j.shape).astype(np.uint8)
    for image, x, y, text in (
        (x_i, 0.65, 3.35, "$x_i$: the clothes"),
        (x_j, 0.65, 1.15, "$x_j$: all else"),
        (grey, 2.0, 1.15, "grey"),
        (swap, 6.3, 2.25, "$x_j^i$: the swap"),
    ):
        _photo(axes, image, x, y, text)
    _box(axes, 2.75, 3.35, "$E_a$", "03", BLUE)
    _box(axes, 3.35, 1.15, "$E_s$", "03", BLUE)
    _box(axes, 4.75, 2.25, "$G$", "04, 06, 07", GREEN, aside=True)
    _box(axes, 8.05, 1.15, "$D$", "05", ORANGE)
    _box(axes, 8.05, 2.25, "teacher", "02, 08", ORANGE)
    _mark(axes, 3.95, 3.35, "$a_i$")
    _mark(axes, 4.45, 1.15, "$s_j$")
    _arrow(axes, (1.12, 3.35), (2.3, 3.35))
    _arrow(axes, (1.12, 1.15), (1.53, 1.15))
    _arrow(axes, (2.47, 1.15), (2.9, 1.15))
    _arrow(axes, (3.2, 3.35), (3.7, 3.35))
    _arrow(axes, (3.8, 1.15), (4.2, 1.15))
    _arrow(axes, (4.12, 3.15), (4.5, 2.65))
    _arrow(axes, (4.55, 1.38), (4.68, 1.85))
    _arrow(axes, (5.2, 2.25), (5.83, 2.25))
    _arrow(axes, (6.77, 2.0), (7.55, 1.3))
    _arrow(axes, (6.77, 2.25), (7.45, 2.25))
    axes.text(8.68, 1.15, "photo or made?", va="center", color=INK)
    axes.text(8.78, 2.25, "whom does\nit resemble?", va="center", color=INK)
    features = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": BLUE, "lw": 1.4}
    axes.text(7.1, 4.15, "$f_{prim}, f_{fine}$", ha="center", va="center", bbox=features, size=FONT_SIZE + 1)
    axes.text(7.1, 3.7, "lessons 08, 09", ha="center", color=FAINT, size=FONT_SIZE - 1)
    axes.text(9.15, 4.15, "find the person", ha="center", va="center", weight="bold")
    axes.text(9.15, 3.87, "lesson 01", ha="center", color=FAINT, size=FONT_SIZE - 1)
    _arrow(axes, (3.1, 3.62), (6.4, 4.15), bend=-0.12)
    _arrow(axes, (7.75, 4.15), (8.3, 4.15))
    _arrow(axes, (6.3, 3.02), (3.2, 3.55), colour=VERMILION, bend=0.18)
    axes.text(5.75, 3.4, "swaps come back as training images: lesson 10", color=VERMILION, size=FONT_SIZE - 1)
    axes.text(0.15, 4.72, "DG-Net, and the lesson that builds each part", weight="bold", va="top")
    axes.text(
        0.15,
        -0.3,
        "Boxes: networks. Round: codes. Judging pictures: lesson 11. Judging features: 12. "
        "All of it together: 13. The paper's table, with fair controls: 14.",
        color=INK,
        size=FONT_SIZE - 1,
    )
    figure.alt_text = (
        "Diagram of DG-Net. Image x_i goes through the appearance encoder E_a to the code a_i; image x_j, made grey, "
        "through the structure encoder E_s to s_j. The generator G makes the swap of both codes. The discriminator D "
        "asks whether it is a photo, the teacher whom it resembles. E_a also gives f_prim and f_fine, by which people "
        "are found. Swaps come back to E_a as training images. Each part carries the number of its lesson."
    )
    return figure


def _photo(axes: Axes, image: np.ndarray, x: float, y: float, text: str) -> None:
    half_height, half_width = 0.9, 0.45
    axes.imshow(image, extent=(x - half_width, x + half_width, y - half_height, y + half_height), zorder=2)
    axes.text(x, y - half_height - 0.06, text, ha="center", va="top", size=FONT_SIZE - 1)
    axes.set(xlim=LEFT_TO_RIGHT, ylim=BOTTOM_TO_TOP, aspect="auto")


def _box(axes: Axes, x: float, y: float, name: str, lessons: str, colour: str, *, aside: bool = False) -> None:
    style = FancyBboxPatch((x - 0.38, y - 0.3), 0.76, 0.6, boxstyle="round,pad=0.06", fc="white", ec=colour, lw=2)
    axes.add_patch(style)
    axes.text(x, y, name, ha="center", va="center", size=FONT_SIZE + (0 if len(name) > 5 else 4))
    text = f"{'lessons' if ',' in lessons else 'lesson'} {lessons}"
    if aside:  # an arrow comes from below
        axes.text(x + 0.12, y - 0.4, text.replace(" ", "\n", 1), va="top", color=FAINT, size=FONT_SIZE - 1)
    else:
        axes.text(x, y - 0.42, text, ha="center", va="top", color=FAINT, size=FONT_SIZE - 1)


def _mark(axes: Axes, x: float, y: float, name: str) -> None:
    circle = {"boxstyle": "circle,pad=0.3", "fc": "#f2f2f2", "ec": FAINT}
    axes.text(x, y, name, ha="center", va="center", bbox=circle, size=FONT_SIZE + 1)


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], *, colour: str = INK, bend: float = 0.0
) -> None:
    style = f"arc3,rad={bend}"
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color=colour, lw=1.3, connectionstyle=style)
    )
