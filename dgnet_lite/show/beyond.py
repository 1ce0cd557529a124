"""What lesson 15 draws: errors of a shared batch, the price of a search, two domains, errors by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FuncFormatter

from dgnet_lite.show.style import (
    BLUE,
    FAINT,
    FONT_SIZE,
    GREEN,
    INK,
    LINES,
    MARKERS,
    ORANGE,
    PALETTE,
    Picture,
    styled,
)

_PLAIN = FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")


@styled
def gradient_errors(errors: Mapping[str, float], *, title: str) -> Picture:
    """How far gradients are from that of the whole batch, a bar each on a logarithmic axis.

    Args:
        errors: by name, |g - g_whole| / |g_whole|. What is below 1e-7, the rounding of float32, is drawn there.
    """
    figure = Picture(figsize=(8.4, 0.42 * len(errors) + 1.1), layout="constrained")
    axes = figure.subplots()
    shown = [max(error, 1e-7) for error in errors.values()]
    axes.barh(range(len(errors)), shown, color=PALETTE[: len(errors)], height=0.62, left=0)
    for y, (place, error) in enumerate(zip(shown, errors.values(), strict=True)):
        axes.text(place * 1.25, y, _percent(error), va="center", color=INK)
    axes.set_yticks(range(len(errors)), list(errors))
    axes.set(xscale="log", xlim=(3e-8, 30), ylim=(len(errors) - 0.5, -0.5))
    axes.set_xlabel("length of the difference, as a share of the gradient's length")
    axes.grid(visible=False, axis="y")
    axes.set_title(title)
    told = "; ".join(f"{name}: {_percent(error)}" for name, error in errors.items())
    figure.alt_text = f"{title}. Difference from the whole batch's gradient: {told}."
    return figure


def _percent(share: float) -> str:
    if share < 1e-5:
        return f"{share:.0e}, rounding"
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


@styled
def over(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    levels: Mapping[str, float] | None = None,
    marks: Mapping[str, float] | None = None,
    scale: tuple[str, str] = ("linear", "linear"),
    **limits: Any,
) -> Picture:
    """Curves with a marker at each value, in colours, strokes and markers that differ.

    Args:
        curves: by name, (x, y).
        levels: by name, values of y that do not depend on x, as dotted lines.
        marks: by name, values of x that are set apart, as thin upright lines.
        scale: of x and of y, "linear" or "log".
        limits: `xlim`, `ylim` of the axes.
    """
    figure = Picture(figsize=(8.4, 3.3), layout="constrained")
    axes = figure.subplots()
    for k, (name, (x, y)) in enumerate(curves.items()):
        axes.plot(x, y, LINES[k % 4], marker=MARKERS[k], ms=5, color=PALETTE[k], label=name)
    for k, (name, y) in enumerate((levels or {}).items()):
        axes.axhline(y, color=INK, lw=1.2, ls=LINES[(k + 3) % 4], label=name)
    for name, x in (marks or {}).items():
        axes.axvline(x, color=FAINT, lw=0.9)
        axes.text(x, 1.0, f" {name}", transform=axes.get_xaxis_transform(), va="top", color=FAINT, size=FONT_SIZE - 1)
    axes.set(xscale=scale[0], yscale=scale[1], xlabel=xlabel, ylabel=ylabel, **limits)
    for axis, kind in zip((axes.xaxis, axes.yaxis), scale, strict=True):
        if kind == "log":
            axis.set_major_formatter(_PLAIN)
    axes.set_title(title)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    told = [f"{name}: from {y[0]:.3g} at {x[0]:.3g} to {y[-1]:.3g} at {x[-1]:.3g}" for name, (x, y) in curves.items()]
    told += [f"{name}: {y:.3g}" for name, y in (levels or {}).items()]
    figure.alt_text = f"{title}. {ylabel} over {xlabel}. {'; '.join(told)}."
    return figure


@styled
def search_cost(rows: Mapping[str, Sequence[Mapping[str, Any]]], *, title: str) -> Picture:
    """What is found over what a query costs: left the share of the exact neighbours, right the first answers.

    Args:
        rows: by kind of index, measurements with search_ms, recall and rank1, as tests/benchmarks/test_nearest.py
            stores them. A kind measured once is a star.
    """
    figure = Picture(figsize=(8.4, 3.4), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    told = []
    for axes, key, label in zip(panels, ("recall", "rank1"), ("recall@10", "first answer right"), strict=True):
        curves = 0
        for k, (name, found) in enumerate(rows.items()):
            x, y = [row["search_ms"] for row in found], [100 * row[key] for row in found]
            once = len(found) == 1
            style = {"marker": "*", "ms": 13, "ls": ""} if once else {"marker": MARKERS[curves], "ms": 5}
            axes.plot(x, y, color=PALETTE[k], **({} if once else {"ls": LINES[curves]}), **style, label=name)
            curves += not once
            told += [f"{name} {label} {b:.0f} % at {a:.2g} ms" for a, b in ((x[0], y[0]), (x[-1], y[-1]))[: len(x)]]
        axes.set(xscale="log", xlabel="milliseconds a query, one core", ylim=(0, 105))
        axes.xaxis.set_major_formatter(_PLAIN)
        axes.set_title(f"{label}, percent", fontweight="normal")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    figure.alt_text = f"{title}. {'; '.join(told)}."
    return figure


@styled
def group_rates(rates: Mapping[str, Mapping[str, tuple[float, int]]], *, title: str, overall: float) -> Picture:
    """False matches in a thousand by group, a panel for each way to group.

    Args:
        rates: by factor and group, (share of the comparisons with other people that match, number of people).
        overall: the share over everybody.
    """
    figure = Picture(figsize=(8.4, 2.9), layout="constrained")
    panels = figure.subplots(1, len(rates), sharey=True, squeeze=False)[0]
    told = []
    for axes, (factor, groups), colour in zip(panels, rates.items(), (BLUE, GREEN, ORANGE, *PALETTE), strict=False):
        heights = [1000 * rate for rate, _ in groups.values()]
        axes.bar(range(len(groups)), heights, color=colour, width=0.66)
        for x, height in enumerate(heights):
            axes.text(x, height, f"{height:.2f}", ha="center", va="bottom", color=INK)
        axes.set_xticks(range(len(groups)), [f"{name}\n{people} people" for name, (_, people) in groups.items()])
        axes.axhline(1000 * overall, color=INK, lw=1, ls=":")
        axes.grid(visible=False, axis="x")
        axes.set_title(factor, fontweight="normal")
        told += [f"{factor} {name}: {height:.2f}" for name, height in zip(groups, heights, strict=True)]
    panels[0].set_ylabel("false matches in 1,000")
    panels[0].margins(y=0.12)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    figure.alt_text = f"{title}. In a thousand comparisons, everybody: {1000 * overall:.2f}; {'; '.join(told)}."
    return figure


@styled
def two_domains() -> Picture:
    """DG-Net++ (Zou et al., ECCV 2020, Fig. 1 and Sec. 3) in boxes: one appearance space, two structure spaces."""
    figure = Picture(figsize=(8.4, 3.5))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, 12), ylim=(0, 5))
    axes.axis("off")
    title = "DG-Net++: clothes speak one language in both places, backgrounds and poses two"
    axes.text(0.15, 4.72, title, weight="bold", va="center")
    rows = {"source": (3.75, BLUE), "target": (1.25, ORANGE)}
    for (name, (y, colour)), known in zip(rows.items(), ("names known", "names unknown"), strict=True):
        other = "target" if name == "source" else "source"
        _box(axes, 0.95, y, f"{name} image\n{known}", colour)
        _box(axes, 3.45, y, f"$E_s$ of the {name}", colour)
        _box(axes, 6.0, y, f"structure,\n{name} space", colour)
        _box(axes, 10.35, y, f"picture: {name} structure\nin {other} clothes", colour, width=2.9)
        for start, end in (((1.8, y), (2.6, y)), ((4.3, y), (5.15, y)), ((6.85, y), (8.9, y))):
            _arrow(axes, start, end)
        toward = 0.2 if y > 2.5 else -0.2
        _arrow(axes, (1.8, y - np.sign(toward) * 0.3), (2.6, 2.5 + toward))
        _arrow(axes, (6.85, 2.5 + toward), (8.9, y - np.sign(toward) * 0.25))
        axes.text(7.9, y + 0.13, "G", ha="center", va="bottom", color=INK)
    _box(axes, 3.45, 2.5, "$E_a$, shared", GREEN)
    _box(axes, 6.0, 2.5, "appearance,\none space", GREEN)
    _box(axes, 10.35, 2.5, "adapt here only: source\nnames, target clusters", GREEN, width=2.9)
    _arrow(axes, (4.3, 2.5), (5.15, 2.5))
    _arrow(axes, (6.85, 2.5), (8.9, 2.5))
    note = "Two domains cross: each picture pairs one place's structure with the other's appearance."
    axes.text(0.15, 0.3, note, color=FAINT, va="center")
    figure.alt_text = (
        f"{title}. Source and target images each go through a structure encoder of their own into a structure space of "
        "their own, and through one shared appearance encoder into one appearance space. The generator makes pictures "
        "of one domain's structure in the other's clothes. Adaptation works on the appearance space alone: source "
        "names, and clusters of target images as names."
    )
    return figure


def _box(axes: Axes, x: float, y: float, text: str, colour: str, width: float = 1.7) -> None:
    shape = "round,pad=0,rounding_size=0.1"
    corner = (x - width / 2, y - 0.4)
    axes.add_patch(FancyBboxPatch(corner, width, 0.8, boxstyle=shape, fc="white", ec=colour, lw=1.8))
    axes.text(x, y, text, ha="center", va="center", size=FONT_SIZE - 0.5, color=INK)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": FAINT, "lw": 1.2})
