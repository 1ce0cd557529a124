"""What lesson 12 draws: two scores of one ranking, how sure a mean is, what codes know, first answers, transfer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import pandas as pd

from dgnet_lite.evaluation.bootstrap import Interval
from dgnet_lite.show.style import (
    BLUE,
    FAINT,
    FONT_SIZE,
    GREEN,
    INK,
    MARKERS,
    ORANGE,
    PALETTE,
    VERMILION,
    Picture,
    styled,
)


@styled
def ap_by_first_answer(ap: np.ndarray, right: np.ndarray, *, title: str) -> Picture:
    """How the APs lie of queries whose first answer is right, and of the others: what Rank@1 does not see.

    Args:
        ap: (Q,) in 0..1; NaN does not count.
        right: (Q,) bool.
    """
    figure = Picture(figsize=(8.4, 2.9), layout="constrained")
    axes = figure.subplots()
    edges = np.linspace(0, 100, 26)
    kinds = {"first answer right": (right, BLUE, ""), "first answer wrong": (~right, VERMILION, "///")}
    told = []
    for name, (chosen, colour, hatch) in kinds.items():
        values = 100 * ap[chosen & ~np.isnan(ap)]
        axes.hist(values, edges, color=colour, alpha=0.55, hatch=hatch, ec="white", label=f"{name}: {len(values)}")
        if len(values):
            told.append(f"{name}: {len(values)} queries, AP {values.min():.0f} to {values.max():.0f} percent")
    axes.set(xlabel="AP of a query, percent", ylabel="queries", xlim=(0, 100))
    axes.set_title(title)
    axes.legend(loc="upper left")
    figure.alt_text = f"{title}. {'; '.join(told)}."
    return figure


@styled
def redrawn_tests(means: Mapping[str, np.ndarray], intervals: Mapping[str, Interval], *, title: str) -> Picture:
    """The mean of one test with the intervals that its own queries give, above means of tests drawn anew.

    Args:
        means: by what was drawn anew, (N,) fractions; a dot each.
        intervals: by what was resampled, of the first test.
    """
    rows = [*intervals, *means]
    figure = Picture(figsize=(8.4, 0.42 * len(rows) + 1.1), layout="constrained")
    axes = figure.subplots()
    told = []
    for y, (name, found) in enumerate(intervals.items()):
        axes.plot([100 * found.low, 100 * found.high], [y, y], color=PALETTE[y], lw=5, alpha=0.6, solid_capstyle="butt")
        axes.plot(100 * found.mean, y, "D", color=INK, ms=5)
        told.append(f"{name} {100 * found.low:.1f} to {100 * found.high:.1f}")
    for y, (name, values) in enumerate(means.items(), start=len(intervals)):
        axes.plot(100 * np.asarray(values), np.full(len(values), y), "o", color=INK, ms=6, mfc="none")
        spread = f"{100 * np.std(values, ddof=1):.1f}" if len(values) > 1 else "unknown"
        told.append(f"{name}: {100 * min(values):.1f} to {100 * max(values):.1f}, standard deviation {spread}")
    axes.axvline(100 * next(iter(intervals.values())).mean, color=FAINT, lw=1, ls=":")
    axes.axhline(len(intervals) - 0.5, color=FAINT, lw=0.8)
    axes.set_yticks(range(len(rows)), rows)
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel="mAP, percent; bars: 95 % intervals, circles: one test each")
    axes.grid(visible=False, axis="y")
    axes.set_title(title)
    figure.alt_text = f"{title}. mAP in percent. {'; '.join(told)}."
    return figure


@styled
def differences(
    rows: Mapping[str, tuple[Interval, Interval]], seeds: Mapping[str, Sequence[float]] | None = None, *, title: str
) -> Picture:
    """Differences of two features: the interval of the paired comparison, and the one of two separate intervals.

    Args:
        rows: by name, (paired, separate), of one difference each.
        seeds: by name, the same difference in some trainings, a triangle each.
    """
    figure = Picture(figsize=(8.4, 0.62 * len(rows) + 1.3), layout="constrained")
    axes = figure.subplots()
    told = []
    for y, (name, (paired, apart)) in enumerate(rows.items()):
        for shift, found, colour, label in (
            (-0.2, paired, BLUE, "query by query"),
            (0, apart, ORANGE, "two intervals"),
        ):
            line = {"color": colour, "lw": 5, "alpha": 0.6, "solid_capstyle": "butt"}
            axes.plot([100 * found.low, 100 * found.high], [y + shift] * 2, **line, label=None if y else label)
            axes.plot(100 * found.mean, y + shift, "D", color=INK, ms=4)
        others = 100 * np.asarray((seeds or {}).get(name, []))
        axes.plot(others, [y + 0.22] * len(others), "^", color=GREEN, ms=7, label=None if y else "each training")
        seen = f"; each training {', '.join(f'{v:+.1f}' for v in others)}" if len(others) else ""
        told.append(
            f"{name}: {100 * paired.mean:+.1f} points, query by query {100 * paired.low:+.1f} to "
            f"{100 * paired.high:+.1f}, by two intervals {100 * apart.low:+.1f} to {100 * apart.high:+.1f}{seen}"
        )
    axes.axvline(0, color=INK, lw=1)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set(ylim=(len(rows) - 0.5, -0.55), xlabel="difference in mAP, points; bars: 95 % intervals over identities")
    axes.grid(visible=False, axis="y")
    axes.set_title(title)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    figure.alt_text = f"{title}. {'. '.join(told)}."
    return figure


LEAST = 0.03
"""A smaller skill is as good as none, however small its spread."""


@styled
def knowledge_map(table: pd.DataFrame, *, title: str, controls: Sequence[str] = ("chance", "ceiling")) -> Picture:
    """Rows: factors in their two halves; columns: codes, the controls to the left and to the right of the others.

    A cell is white where the skill is below LEAST or not above 0 by twice its spread over probe sets: no better than
    chance.

    Args:
        table: columns code, half, factor, skill, error, as from `evaluation.knowledge.knowledge`.
        controls: the code that knows nothing and the one that knows everything.
    """
    codes = [code for code in dict.fromkeys(table["code"]) if code not in controls]
    columns = [controls[0], *codes, controls[1]]
    places = np.array([0, *(np.arange(len(codes)) + 1.25), len(codes) + 1.5])
    halves = {half: list(dict.fromkeys(rows["factor"])) for half, rows in table.groupby("half", sort=False)}
    count = sum(map(len, halves.values()))
    value, error = (table.pivot(index="factor", columns="code", values=v) for v in ("skill", "error"))
    figure = Picture(figsize=(8.6, 0.28 * count + 1.5), layout="constrained")
    panels = figure.subplots(len(halves), 1, height_ratios=[len(rows) for rows in halves.values()], squeeze=False)[:, 0]
    colours = matplotlib.colormaps["cividis"]
    for axes, (half, rows) in zip(panels, halves.items(), strict=True):
        for r, factor in enumerate(rows):
            best = value.loc[factor, codes].idxmax()
            for x, code in zip(places, columns, strict=True):
                v, e = value.loc[factor, code], np.nan_to_num(error.loc[factor, code])
                nothing = v - 2 * e <= 0 or v < LEAST
                box = matplotlib.patches.Rectangle((x - 0.5, r - 0.5), 1, 1, fc="white" if nothing else colours(v))
                axes.add_patch(box)
                ink = FAINT if nothing else "white" if v < 0.55 else INK
                weight = "bold" if code == best and not nothing else "normal"
                text = f"{v:.2f} ±{e:.2f}".replace("-0.00", "0.00")
                axes.text(x, r, text, ha="center", va="center", color=ink, size=FONT_SIZE - 1.5, weight=weight)
        axes.set(xlim=(-0.5, places[-1] + 0.5), ylim=(len(rows) - 0.5, -0.5))
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xticks(places, columns if axes is panels[0] else [""] * len(columns))
        axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
        axes.set_ylabel(half, weight="bold", color=FAINT)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
    figure.align_ylabels()
    scale = matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(0, 1), colours)
    bar = figure.colorbar(scale, ax=list(panels), shrink=0.5, ticks=[0, 0.5, 1])
    bar.ax.set_yticklabels(["0\na constant\nanswer", "0.5", "1\nalways\nright"])
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    best = "; ".join(f"{f}: {value.loc[f, codes].idxmax()} {value.loc[f, codes].max():.2f}" for f in value.index)
    figure.alt_text = f"{title}. Skill of a linear probe; the code from which a factor is read best: {best}."
    return figure


FIRST = {
    "right": (BLUE, ""),
    "right, own camera": (PALETTE[9], "..."),
    "wrong, same clothes and camera": (VERMILION, "xxx"),
    "wrong, same clothes": (ORANGE, "///"),
    "wrong, other clothes": (FAINT, ""),
}
"""Colour and hatching of each kind of first answer."""


@styled
def first_answers(shares: Mapping[str, Mapping[str, float]], *, title: str) -> Picture:
    """What stands first: a bar for each feature, in parts whose sum is 1.

    Args:
        shares: by feature, then keys of `FIRST`, fractions.
    """
    figure = Picture(figsize=(8.4, 0.42 * len(shares) + 1.5), layout="constrained")
    axes = figure.subplots()
    for y, parts in enumerate(shares.values()):
        left = 0.0
        for kind, (colour, hatch) in FIRST.items():
            part = 100 * parts.get(kind, 0.0)
            label = None if y else kind
            axes.barh(y, part, left=left, color=colour, hatch=hatch, ec="white", height=0.68, label=label)
            if part >= 4:
                box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.85}
                axes.text(left + part / 2, y, f"{part:.0f}", ha="center", va="center", size=8, color=INK, bbox=box)
            left += part
    axes.set_yticks(range(len(shares)), list(shares))
    axes.set(ylim=(len(shares) - 0.45, -0.55), xlim=(0, 100), xlabel="first answers, percent of the queries")
    axes.grid(visible=False)
    axes.set_title(title)
    figure.legend(loc="outside lower center", ncols=3)
    told = "; ".join(
        f"{name}: {', '.join(f'{kind} {100 * part:.0f}' for kind, part in parts.items())}"
        for name, parts in shares.items()
    )
    figure.alt_text = f"{title}. Percent of the queries. {told}."
    return figure


@styled
def transfer_dots(
    table: Mapping[str, Mapping[str, Interval]], *, title: str, what: str = "mAP, percent", apart: Sequence[int] = ()
) -> Picture:
    """A row for each test set, in it a mark and an interval for each feature; the first row's marks as lines.

    Args:
        table: by test set, then feature.
        apart: rows with a line above.
    """
    series = list(dict.fromkeys(name for row in table.values() for name in row))
    figure = Picture(figsize=(8.4, 0.40 * len(table) + 1.2), layout="constrained")
    axes = figure.subplots()
    first, told = next(iter(table.values())), []
    for k, name in enumerate(series):
        shift = 0.16 * (k - (len(series) - 1) / 2)
        axes.axvline(100 * first[name].mean, color=PALETTE[k], lw=1, ls=":", zorder=0)
        for y, row in enumerate(table.values()):
            found = row[name]
            axes.plot([100 * found.low, 100 * found.high], [y + shift] * 2, color=PALETTE[k], lw=1.6, alpha=0.7)
            label = None if y else name
            axes.plot(100 * found.mean, y + shift, MARKERS[k], color=PALETTE[k], ms=6, label=label)
    for y in apart:
        axes.axhline(y - 0.5, color=FAINT, lw=0.8)
    for test, row in table.items():
        told.append(f"{test}: {', '.join(f'{name} {100 * row[name].mean:.1f}' for name in series)}")
    axes.set_yticks(range(len(table)), list(table))
    axes.set(ylim=(len(table) - 0.4, -0.6), xlabel=f"{what}; lines: 95 % intervals; dotted: the first row")
    axes.grid(visible=False, axis="y")
    axes.set_title(title)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    figure.alt_text = f"{title}. {what}. {'; '.join(told)}."
    return figure
