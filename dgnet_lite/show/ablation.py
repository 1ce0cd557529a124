"""What lesson 14 draws of an ablation's rows: all of them, where the gain comes from, and beside whom it stands.

Scores are mAP in percent by row and seed, as `evaluation.seeds.by_row` gives them. What was not trained has no seed,
and keeps its place in the picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from dgnet_lite.evaluation.seeds import paired_gain
from dgnet_lite.show.style import BLUE, FAINT, FONT_SIZE, GREEN, INK, MARKERS, ORANGE, PALETTE, Picture, styled

Seeds = Mapping[int, float]
SMALL = FONT_SIZE - 1.5
SHORT = {
    "teacher": "baseline",
    "one_head": "baseline, as many steps",
    "two_heads": "two heads, real images",
    "f_prim": "f_prim",
    "f_fine": "f_fine",
    "both": "f_prim, f_fine",
    "oracle": "oracle",
}
"""Labels of the rows, shorter than those of `rows.ROWS`."""


@styled
def over_baseline(sets: Mapping[str, Mapping[str, float | Seeds]], rows: Mapping[str, str], *, title: str) -> Picture:
    """How far each row is above the baseline, a panel a data set, on one scale.

    Args:
        sets: by data set and row, one number or one a seed; each has a row "teacher". A row that is not there is empty.
        rows: the rows from top to bottom and their labels.
    """
    figure = Picture(figsize=(8.6, 0.36 * len(rows) + 1.3), layout="constrained")
    panels = figure.subplots(1, len(sets), sharex=True, sharey=True, squeeze=False)[0]
    told = []
    for axes, (name, found) in zip(panels, sets.items(), strict=True):
        base, gains = _seeds(found["teacher"]), {}
        for y, row in enumerate(rows):
            if row not in found:
                axes.text(0.5, y, "no such row", transform=axes.get_yaxis_transform(), ha="center", va="center")
                axes.texts[-1].set(color=FAINT, fontsize=SMALL, fontstyle="italic", bbox={"fc": "white", "ec": "none"})
                continue
            own = _seeds(found[row])
            d = np.array([value - base[seed] for seed, value in own.items()])
            colour, marker = _kind(row)
            axes.plot([0, d.mean()], [y, y], color=colour, lw=6, alpha=0.35, solid_capstyle="butt")
            axes.plot(d, np.full(len(d), y), ls="", marker=marker, color=colour, ms=5)
            gains[row] = d.mean()
        axes.axvline(0, color=INK, lw=1)
        axes.set_title(f"{name}\nbaseline {np.mean(list(base.values())):.1f}")
        told.append(f"{name}: " + ", ".join(f"{rows[row]} {gain:+.1f}" for row, gain in gains.items()))
    panels[0].set_yticks(range(len(rows)), list(rows.values()))
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    for axes in panels:
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
    figure.supxlabel("mAP above the baseline, points", fontsize=FONT_SIZE)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    figure.alt_text = f"{title} mAP over the baseline, points. {'. '.join(told)}."
    return figure


@styled
def gain_in_parts(scores: Mapping[str, Seeds], steps: Mapping[str, str], *, title: str) -> Picture:
    """From the first row to the last as a staircase: which step brings how much, with each seed's own step as a dot.

    Args:
        steps: rows in the order of the staircase, and what is added at each.
    """
    names = list(steps)
    figure = Picture(figsize=(8.4, 3.4), layout="constrained")
    axes = figure.subplots()
    level = np.mean(list(scores[names[0]].values()))
    axes.bar(0, level, color=FAINT, alpha=0.5, width=0.62)
    axes.annotate(f"{level:.1f}", (0, level), (0, 3), textcoords="offset points", ha="center", va="bottom")
    told, lowest, highest = [f"{_flat(steps[names[0]])} {level:.1f}"], level, level
    for x, (before, after) in enumerate(pairwise(names), start=1):
        gain = paired_gain(scores[after], scores[before])
        d = np.array([scores[after][seed] - scores[before][seed] for seed in scores[after] if seed in scores[before]])
        colour, marker = _kind(after)
        axes.bar(x, gain.mean, bottom=level, color=colour, alpha=0.5, width=0.62)
        axes.plot([x - 1.31, x + 0.31], [level, level], color=INK, lw=0.8)
        axes.plot(x + np.linspace(-0.16, 0.16, len(d)), level + d, ls="", marker=marker, color=colour, mec=INK, ms=5)
        top = level + max(d.max(), gain.mean, 0)
        sd = "" if np.isnan(gain.sd) else f" ± {gain.sd:.1f}"
        label = f"{gain.mean:+.1f}{sd}"
        axes.annotate(label, (x, top), (0, 6), textcoords="offset points", ha="center", fontweight="bold")
        lowest, highest = min(lowest, level + d.min()), max(highest, top)
        told.append(f"{_flat(steps[after])} {gain.mean:+.1f}{sd}")
        level += gain.mean
    room = highest - lowest
    axes.set_ylim(lowest - 0.25 * room - 0.5, highest + 0.15 * room)
    axes.set_xticks(range(len(names)), list(steps.values()))
    axes.set_ylabel("mAP, percent (the axis does not start at 0)")
    axes.grid(visible=False, axis="x")
    axes.set_title(title)
    figure.alt_text = f"{title}. From left to right: {'; '.join(told)}."
    return figure


@styled
def rows_of_ablation(
    scores: Mapping[str, Seeds],
    groups: Mapping[str, Mapping[str, str]],
    *,
    title: str,
    line: str | None = None,
    xlabel: str = "mAP, percent",
) -> Picture:
    """A score of every row, in groups: a mark a seed, a bar at the mean; rows that were not run stay empty.

    Args:
        groups: by title, the rows with their labels; a title may be "".
        line: the row whose mean is drawn through all others; None: 0, of gains.
    """
    rows = {row: label for group in groups.values() for row, label in group.items()}
    lines = len(rows) + sum(map(bool, groups))
    figure = Picture(figsize=(8.4, 0.27 * lines + 0.9), layout="constrained")
    axes, told, y, places = figure.subplots(), [], 0.0, {}
    for group, members in groups.items():
        if group:
            axes.text(0, y, group, transform=axes.get_yaxis_transform(), fontweight="bold", va="center", color=INK)
            axes.texts[-1].set_bbox({"fc": "white", "ec": "none", "pad": 1})
            y += 1
        for row, label in members.items():
            places[y] = label
            told.append(f"{label} {_drawn(axes, y, row, scores.get(row, {}))}")
            y += 1
    if line is None:
        axes.axvline(0, color=INK, lw=1)
    elif scores.get(line):
        mean = np.mean(list(scores[line].values()))
        axes.axvline(mean, color=FAINT, lw=1, ls=":")
        axes.annotate(f"{rows[line]}: {mean:.1f}", (mean, 1), xycoords=("data", "axes fraction"), ha="center")
        axes.texts[-1].set(va="bottom", fontsize=SMALL, color=FAINT)
    axes.set_yticks(list(places), list(places.values()))
    axes.set_ylim(y - 0.5, -0.6)
    axes.set_xlabel(xlabel)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_title(title, pad=6 if line is None else 16)
    figure.alt_text = f"{title}. {xlabel}, mean: {'; '.join(told)}."
    return figure


def _drawn(axes: Axes, y: float, row: str, seeds: Seeds) -> str:
    """Draw one row; returns what it shows."""
    if not seeds:
        axes.text(0.5, y, "not run", transform=axes.get_yaxis_transform(), ha="center", va="center")
        axes.texts[-1].set(color=FAINT, fontsize=SMALL, fontstyle="italic")
        return "not run"
    values = np.array(list(seeds.values()))
    colour, marker = _kind(row)
    axes.plot([values.mean()] * 2, [y - 0.36, y + 0.36], color=INK, lw=1.8)
    axes.plot(values, np.full(len(values), y), ls="", marker=marker, color=colour, ms=6, alpha=0.75)
    return f"{values.mean():.1f}"


@styled
def state_of_the_art(
    sets: Mapping[str, Mapping[str, tuple[str, float]]], baselines: Mapping[str, float], *, title: str
) -> Picture:
    """A panel a data set: methods by mAP, their group by colour and mark, the paper's own baseline as a line.

    Args:
        sets: by data set and method, its group and mAP.
        baselines: by data set, the mAP of the network that DG-Net starts from.
    """
    groups = list(dict.fromkeys(group for methods in sets.values() for group, _ in methods.values()))
    figure = Picture(figsize=(8.6, 0.19 * max(map(len, sets.values())) + 1.5), layout="constrained")
    told = []
    for axes, (name, methods) in zip(figure.subplots(1, len(sets)), sets.items(), strict=True):
        ordered = sorted(methods.items(), key=lambda each: -each[1][1])
        for y, (_, (group, score)) in enumerate(ordered):
            k = groups.index(group)
            axes.plot([0, score], [y, y], color=FAINT, lw=0.6)
            axes.plot(score, y, ls="", marker=MARKERS[k], color=PALETTE[k], ms=6, label=group)
        axes.axvline(baselines[name], color=INK, lw=1.2, ls="--", label="DG-Net's baseline")
        axes.set_yticks(range(len(ordered)), [method for method, _ in ordered], fontsize=SMALL)
        axes.set_ylim(max(map(len, sets.values())) - 0.5, -0.6)
        axes.set_xlim(0.8 * min(score for _, score in methods.values()), 1.03 * ordered[0][1][1])
        axes.set_xlabel("mAP, percent")
        axes.grid(visible=False, axis="y")
        axes.set_title(name)
        below = sum(score < baselines[name] for group, score in methods.values() if group != "DG-Net")
        told.append(
            f"{name}: best {ordered[0][0]} {ordered[0][1][1]:.1f}; baseline above {below} of {len(methods) - 1}"
        )
    handles: dict[str, object] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=4)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    figure.alt_text = f"{title}. {'. '.join(told)}."
    return figure


def _seeds(value: float | Seeds) -> Seeds:
    return value if isinstance(value, Mapping) else {0: value}


def _flat(label: str) -> str:
    return label.replace("\n", " ")


def _kind(row: str) -> tuple[str, str]:
    """Colour and mark: baselines, the oracle, and what learns from generated images."""
    if row in ("teacher", "one_head", "two_heads"):
        return ORANGE, "s"
    return (GREEN, "D") if row == "oracle" else (BLUE, "o")
