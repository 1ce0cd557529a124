"""Who learns from which loss, drawn: one panel a recipe."""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from dgnet_lite.show.style import BLUE, FAINT, FONT_SIZE, INK, VERMILION, Picture, styled
from dgnet_lite.training.flow import ALWAYS, SOMETIMES, UNUSED

WHAT = {
    "img1": "x_i again, eq. (1)",
    "img2": "x_i from x_t, eq. (2)",
    "id_s": "identity, real, eq. (3)",
    "fine_real": "fine head, real (release)",
    "adv": "looks real, eq. (7)",
    "id_c": "identity, swap, eq. (6)",
    "code1": "appearance code, eq. (4)",
    "code2": "structure code, eq. (5)",
    "cycle": "there and back (release)",
    "prim": "primary, eq. (8)",
    "fine": "fine-grained, eq. (9)",
    "D": "D: real or not, eq. (7)",
}
"""What each loss asks for."""

BAND = "#f4f4f4"
TITLE = "Which part learns from which loss, by autograd in one training step"
READING = "Full: always. Half: when a coin says so. Dot: never. Dash: the loss is not used. Frame: they differ."


@styled
def gradient_flow(tables: dict[str, pd.DataFrame]) -> Picture:
    """The tables of `training.flow.gradient_flow`, by the name of their recipe, side by side.

    Rows are losses, columns are parts of the model. Where several tables are given, what is not the same in all of them
    is framed. Raises ValueError for no table.
    """
    if not tables:
        raise ValueError("no table to draw: give at least one, as {'paper': gradient_flow(config)}")
    first = next(iter(tables.values()))
    figure = Picture(figsize=(1.8 + 3.3 * len(tables), 1.2 + 0.27 * len(first)), layout="constrained")
    panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for axes, (name, table) in zip(panels, tables.items(), strict=True):
        _panel(axes, name, table)
        for row, column in differing(tables):
            _frame(axes, first.index.get_loc(row), first.columns.get_loc(column))
    reading = READING if len(tables) > 1 else READING.removesuffix(" Frame: they differ.")
    reading = textwrap.fill(reading, 40 + 30 * len(tables))
    figure.suptitle(TITLE, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    figure.supxlabel(reading, x=0.01, ha="left", fontsize=FONT_SIZE, color=INK)
    figure.alt_text = " ".join(_in_words(name, table) for name, table in tables.items())
    return figure


def differing(tables: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    """(loss, part) of the cells that are not the same in all tables. A loss that is not used reaches nothing."""
    first, *others = (table.where(table != UNUSED, "never") for table in tables.values())
    return [(r, c) for r in first.index for c in first.columns if any(o.loc[r, c] != first.loc[r, c] for o in others)]


def _panel(axes: Axes, name: str, table: pd.DataFrame) -> None:
    rows, columns = table.shape
    for y in range(0, rows, 2):
        axes.add_patch(Rectangle((-0.5, y - 0.5), columns, 1, color=BAND, lw=0, zorder=0))
    for y, loss in enumerate(table.index):
        for x, part in enumerate(table.columns):
            _mark(axes, x, y, table.loc[loss, part])
    axes.set_title(f'recipe "{name}"', pad=8)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_xticks(range(columns), [part.replace(" ", "\n") for part in table.columns], fontsize=FONT_SIZE - 2)
    axes.set_yticks(range(rows), [WHAT.get(loss, loss) for loss in table.index])
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _mark(axes: Axes, x: int, y: int, cell: str) -> None:
    if cell in (ALWAYS, SOMETIMES):
        fill = "full" if cell == ALWAYS else "left"
        axes.plot(x, y, marker="o", ms=11, color=BLUE, fillstyle=fill, markerfacecoloralt="white", mew=1.2)
    elif cell == UNUSED:
        axes.plot([x - 0.12, x + 0.12], [y, y], color=FAINT, lw=1)
    else:
        axes.plot(x, y, marker="o", ms=2, color=FAINT)


def _frame(axes: Axes, y: int, x: int) -> None:
    axes.add_patch(Rectangle((x - 0.38, y - 0.42), 0.76, 0.84, fill=False, edgecolor=VERMILION, lw=1.4))


def _in_words(name: str, table: pd.DataFrame) -> str:
    """Which losses each part learns from."""
    suffix = {ALWAYS: "", SOMETIMES: " (by a coin)"}
    learns = []
    for part in table.columns:
        found = [loss + suffix[cell] for loss, cell in table[part].items() if cell in suffix]
        learns.append(f"{part} from {', '.join(found) or 'nothing'}")
    return f"Recipe {name}: {'; '.join(learns)}."
