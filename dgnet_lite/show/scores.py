"""Scores of rankings as pictures: the two rules of average precision, CMC curves, what a rule makes of real queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.ticker import PercentFormatter

from dgnet_lite.show.style import BLUE, FAINT, FONT_SIZE, GREEN, INK, LINES, ORANGE, VERMILION, Picture, styled

RULES = {"step": BLUE, "trapezoid": ORANGE}
LIGHT = 0.28


@styled
def precision_recall(is_match: Sequence[bool]) -> Picture:
    """The ranking as boxes with the precision at each rank, and beneath, the area that each rule of AP takes.

    Args:
        is_match: by rank, best first; at least one is true. Twelve or fewer can be read well.
    """
    match = np.asarray(is_match, dtype=bool)
    if not match.any():
        raise ValueError("a ranking without a match has no average precision: give one with at least one True")
    ranks = np.arange(1, len(match) + 1)
    precision = np.cumsum(match) / ranks
    figure = Picture(figsize=(8.4, 4.4), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 2.4))
    _boxes(figure.add_subplot(grid[0, :]), match, precision)
    after = precision[match]
    before = np.where(ranks[match] > 1, (np.cumsum(match)[match] - 1) / np.maximum(ranks[match] - 1, 1), 1.0)
    areas = {"step": after, "trapezoid": (before + after) / 2}
    for column, rule in enumerate(RULES):
        axes = figure.add_subplot(grid[1, column])
        _areas(axes, rule, before if rule == "trapezoid" else after, after)
        axes.set_title(f"{rule} rule: AP = {areas[rule].mean():.3f}")
    figure.alt_text = (
        f"A ranking of {len(match)} images, matches at ranks {', '.join(map(str, ranks[match]))}. Beneath, precision "
        f"over recall with the area of the step rule, {areas['step'].mean():.3f}, and of the trapezoid rule, "
        f"{areas['trapezoid'].mean():.3f}."
    )
    return figure


def _boxes(axes: Axes, match: np.ndarray, precision: np.ndarray) -> None:
    for k, (hit, value) in enumerate(zip(match, precision, strict=True), start=1):
        colour = BLUE if hit else VERMILION
        symbol = "\N{CHECK MARK}" if hit else "\N{MULTIPLICATION X}"
        box = {"boxstyle": "round,pad=0.4", "fc": "white", "ec": colour, "lw": 1.6, "ls": "-" if hit else "--"}
        axes.text(k, 0.75, symbol, color=colour, ha="center", va="center", bbox=box, size=FONT_SIZE + 1)
        axes.text(k, 0.22, f"{value:.2f}", ha="center", color=INK if hit else FAINT, weight="bold" if hit else "normal")
    axes.set(xlim=(0.3, len(match) + 0.7), ylim=(0, 1.15), yticks=[0.75, 0.28])
    axes.set_yticklabels(["match?", "precision"])
    axes.set_xticks(range(1, len(match) + 1), [str(k) for k in range(1, len(match) + 1)])
    axes.set_xlabel("rank")
    axes.set_title("The ranking: AP takes the precision where there is a match (bold)")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)


def _areas(axes: Axes, rule: str, left: np.ndarray, right: np.ndarray) -> None:
    """One strip for each match, from `left` (just before it) to `right` (at it)."""
    count = len(right)
    for k in range(count):
        corners = [(k / count, 0), (k / count, left[k]), ((k + 1) / count, right[k]), ((k + 1) / count, 0)]
        axes.add_patch(Polygon(corners, closed=True, fc=RULES[rule], alpha=LIGHT, ec=RULES[rule], lw=1.2))
    axes.plot((np.arange(count) + 1) / count, right, "o", color=INK, ms=4, label="precision at a match")
    if rule == "trapezoid":
        axes.plot(np.arange(count) / count, left, "o", mfc="white", mec=INK, ms=4, label="just before it")
    axes.set(
        xlim=(-0.02, 1.02),
        ylim=(0, 1.2),
        yticks=np.arange(0, 1.1, 0.25),
        xlabel="recall: share of the matches found",
        ylabel="precision",
    )
    axes.legend(loc="upper left", ncols=2)


@styled
def cmc_curves(curves: Mapping[str, np.ndarray], *, top: int = 50) -> Picture:
    """CMC: for each rank, the share of queries with a match among that many first images.

    Args:
        curves: by name, (N,) fractions, as `Retrieval.cmc`.
        top: ranks shown.
    """
    figure = Picture(figsize=(7.6, 4.0), layout="constrained")
    axes = figure.subplots()
    for (name, curve), line in zip(curves.items(), LINES * len(curves), strict=False):
        shown = np.asarray(curve)[:top]
        axes.plot(np.arange(1, len(shown) + 1), shown, line, label=f"{name}: Rank@1 {100 * shown[0]:.1f} %")
    axes.set_xscale("log")
    ticks = [k for k in (1, 2, 5, 10, 20, 50, 100) if k <= top]
    axes.set_xticks(ticks, [str(k) for k in ticks])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(ylim=(0, 1), xlabel="rank, logarithmic", ylabel="queries with a match so far")
    axes.set_title("Cumulative match characteristic (CMC)")
    figure.legend(loc="outside lower left", ncols=2)
    ends = "; ".join(f"{name} from {c[0]:.3f} to {c[min(top, len(c)) - 1]:.3f}" for name, c in curves.items())
    figure.alt_text = f"CMC curves up to rank {top}: {ends}."
    return figure


def largest_gap(most: int) -> np.ndarray:
    """For 1, 2, ..., `most` matches, how far the step rule can lie above the trapezoid: (1 + 1/3 + ...) / (4 M).

    It does when every second image is a match and the first is not.
    """
    count = np.arange(1, most + 1)
    return np.cumsum(1 / (2 * count - 1)) / (4 * count)


@styled
def rule_gap(step: np.ndarray, trapezoid: np.ndarray, matches: np.ndarray) -> Picture:
    """What the rule of AP changes: each query by both rules, and the gap beside the largest that is possible.

    Args:
        step, trapezoid: (Q,), AP of each query by either rule.
        matches: (Q,), how many matches each query has.
    """
    step, trapezoid, matches = (np.asarray(each) for each in (step, trapezoid, matches))
    figure = Picture(figsize=(8.4, 3.7), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color=FAINT, lw=1)
    left.plot(trapezoid, step, "o", color=BLUE, ms=3.5, alpha=0.35, mew=0)
    left.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", xlabel="AP, trapezoid", ylabel="AP, step")
    left.set_title("One dot a query: never below the line")
    counts = np.unique(matches)
    bound = np.arange(1, max(20, counts.max()) + 1)
    right.plot(bound, largest_gap(bound[-1]), "-", color=VERMILION, label="largest possible")
    gaps = [(step - trapezoid)[matches == m].mean() for m in counts]
    right.plot(counts, gaps, "D", color=GREEN, ms=5, label="measured here, mean")
    right.set(xlim=(0, bound[-1] + 1), ylim=(0, 0.27), xlabel="M, matches of the query", ylabel="AP, step - trapezoid")
    right.set_xticks([k for k in (1, 5, 10, 15, 20, 30, 40, 60, 80, 100) if k <= bound[-1]])
    right.set_title("More matches, smaller gap")
    right.legend(loc="upper right")
    figure.alt_text = (
        f"Left: AP of {len(step)} queries by both rules, all on or above the diagonal. Right: the largest possible "
        "gap falls from 0.25 for one match; the measured means: "
        + ", ".join(f"{gap:.3f} at {m} matches" for m, gap in zip(counts, gaps, strict=True))
        + "."
    )
    return figure
