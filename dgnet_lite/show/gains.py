"""What lesson 14 draws of a gain: seed by seed, how many seeds it needs, and what it depends on.

Scores are mAP in percent by seed, as `evaluation.seeds.by_row` gives them of a row.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import ttest_ind

from dgnet_lite.config import Config
from dgnet_lite.data import toymarket
from dgnet_lite.evaluation.seeds import Gain, half_width, paired_gain
from dgnet_lite.show.style import BLUE, FAINT, FONT_SIZE, GREEN, INK, MARKERS, ORANGE, PALETTE, Picture, styled

Seeds = Mapping[int, float]
SMALL = FONT_SIZE - 1.5


@styled
def seed_by_seed(new: Seeds, old: Seeds, names: tuple[str, str], *, title: str) -> Picture:
    """Left, both methods with a line a seed; right, their differences, with the interval of pairs and of two means.

    Args:
        names: of `old` and `new`.
    """
    gain = paired_gain(new, old)
    seeds = sorted(set(new) & set(old))
    before, after = (np.array([each[seed] for seed in seeds]) for each in (old, new))
    figure = Picture(figsize=(8.4, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.35))
    for k, (seed, pair) in enumerate(zip(seeds, zip(before, after, strict=True), strict=True)):
        left.plot([0, 1], pair, color=PALETTE[k % len(PALETTE)], marker=MARKERS[k % len(MARKERS)], label=f"seed {seed}")
    left.set_xticks([0, 1], names)
    left.set_xlim(-0.3, 1.3)
    left.set_ylabel("mAP, percent")
    left.set_title("each line a seed")
    left.legend(loc="center", bbox_to_anchor=(0.5, 0.92), ncols=min(3, len(seeds)), columnspacing=1, handlelength=1)
    low, high = left.get_ylim()
    left.set_ylim(low, high + 0.25 * (high - low))
    apart = _welch(after, before)
    shown = {"each seed": None, "by pairs": (gain.low, gain.high), "as two means": apart}
    for k, value in enumerate(after - before):
        right.plot(value, 0, color=PALETTE[k % len(PALETTE)], marker=MARKERS[k % len(MARKERS)], ms=7)
    for y, (ends, colour) in enumerate(((shown["by pairs"], BLUE), (apart, ORANGE)), start=1):
        right.plot(ends, [y, y], color=colour, lw=6, alpha=0.55, solid_capstyle="butt")
        right.plot(gain.mean, y, "D", color=INK, ms=5)
        right.annotate(
            f"{ends[0]:+.1f} to {ends[1]:+.1f}", (gain.mean, y), (0, -9), textcoords="offset points", ha="center"
        )
        right.texts[-1].set(va="top", fontsize=SMALL)
    right.axvline(0, color=INK, lw=1)
    right.set_yticks(range(3), list(shown))
    right.set_ylim(2.7, -0.6)
    right.set_xlabel(f"{names[1]} minus {names[0]}, points of mAP; bars: 95 % intervals")
    right.grid(visible=False, axis="y")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    each = ", ".join(f"{value:+.1f}" for value in after - before)
    figure.alt_text = (
        f"{title}. Differences by seed {each}; mean {gain.mean:+.1f}, by pairs {gain.low:+.1f} to {gain.high:+.1f}, "
        f"as two means {apart[0]:+.1f} to {apart[1]:+.1f}."
    )
    return figure


def _welch(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of a difference of two independent means with spreads of their own."""
    found = ttest_ind(a, b, equal_var=False).confidence_interval()
    return float(found.low), float(found.high)


@styled
def seeds_against_width(gains: Mapping[str, Gain], *, most: int = 30, title: str) -> Picture:
    """How wide the interval gets with more seeds, if the spread stays; it shows the gap where it falls below it."""
    counts = np.arange(2, most + 1)
    figure = Picture(figsize=(8.4, 3.2), layout="constrained")
    axes, told = figure.subplots(), []
    for k, (name, gain) in enumerate(gains.items()):
        widths = np.array([half_width(gain.sd, int(n)) for n in counts])
        colour, marker = PALETTE[k], MARKERS[k]
        axes.plot(counts, widths, color=colour, marker=marker, ms=3.5, label=f"{name}: half of the interval")
        axes.axhline(abs(gain.mean), color=colour, ls="--", lw=1.2, label=f"{name}: the gap, {gain.mean:+.1f}")
        below = counts[widths < abs(gain.mean)]
        if len(below):
            axes.plot(below[0], abs(gain.mean), marker="o", ms=11, mfc="none", mec=colour, mew=2)
        told.append(f"{name}, gap {gain.mean:+.1f}, spread {gain.sd:.1f}: {below[0] if len(below) else 'more'} seeds")
    axes.set_yscale("log")
    axes.set_yticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"])
    axes.minorticks_off()
    axes.set(xlabel="seeds", ylabel="points of mAP", xlim=(1.5, most + 0.5))
    axes.set_title(title)
    axes.legend(loc="upper right")
    figure.alt_text = f"{title}. {'; '.join(told)}."
    return figure


@styled
def gain_over_quality(
    points: Mapping[str, tuple[float, Seeds]], others: Mapping[str, tuple[float, Seeds]], *, title: str
) -> Picture:
    """What swaps bring (points of mAP over the control, a mark a seed) against how wrong they are inside the clothes.

    Args:
        points: by name, error over that of the copy, and the gain by seed; joined by a line in the order of the error.
        others: the same for trainings that do not belong to the line.
    """
    figure = Picture(figsize=(8.4, 3.9), layout="constrained")
    axes, told = figure.subplots(), []
    ordered = dict(sorted(points.items(), key=lambda each: -each[1][0]))
    means = [(error, np.mean(list(seeds.values()))) for error, seeds in ordered.values() if seeds]
    axes.plot([m[0] for m in means], [m[1] for m in means], color=BLUE, lw=1.6, zorder=1)
    for kind, marker, colour in ((ordered, "o", BLUE), (others, "D", GREEN)):
        for name, (error, seeds) in kind.items():
            values = np.array(list(seeds.values()))
            if not len(values):
                continue
            axes.plot(np.full(len(values), error), values, ls="", marker=marker, color=colour, ms=6, alpha=0.6)
            near = min((abs(error - at) for at, _ in others.values()), default=1.0)
            place, offset, ha, va = (values.max(), (0, 7), "left" if near < 0.06 else "center", "bottom")
            if kind is others:
                place, offset, ha, va = (values.min(), (0, -8), "center", "top")
            elif near < 0.02:  # both stand at one error
                place, offset, ha, va = (values.min(), (-8, -8), "right", "top")
            axes.annotate(name, (error, place), offset, textcoords="offset points", color=colour, ha=ha, va=va)
            axes.texts[-1].set(fontsize=SMALL)
            told.append(f"{name}, error {error:.2f}: {values.mean():+.1f}")
    axes.axhline(0, color=INK, lw=1)
    axes.margins(y=0.16)
    axes.set_xlim(1.12, -0.12)
    axes.set_xlabel("error inside the clothes; 1: x_j unchanged, 0: the true swap (better to the right)")
    axes.set_ylabel("gain over two heads, points of mAP")
    axes.set_title(title)
    figure.alt_text = f"{title}. Gain in mAP: {'; '.join(told)}."
    return figure


@styled
def worlds(found: Mapping[str, Mapping[str, Seeds]], *, title: str, apart: str = "casts") -> Picture:
    """What is gained in each world, points of mAP over two heads without swaps; a mark a seed, a bar the mean.

    Args:
        found: by what the world is, and by what gains ("true swaps" in all of them), the gain of each seed.
        apart: worlds that are named so stand beneath, on a scale of their own.
    """
    ordered = sorted(found.items(), key=lambda each: -np.mean(list(each[1]["true swaps"].values())))
    kinds = list(dict.fromkeys(kind for _, gains in ordered for kind in gains if gains[kind]))
    groups = [[each for each in ordered if (apart in each[0]) == beneath] for beneath in (False, True)]
    groups = [group for group in groups if group]
    height = 0.44 * len(ordered) + 0.5 * len(groups) + 0.7
    figure, told = Picture(figsize=(8.4, height), layout="constrained"), []
    panels = figure.subplots(len(groups), 1, squeeze=False, height_ratios=[len(group) + 0.4 for group in groups])[:, 0]
    for axes, group in zip(panels, groups, strict=True):
        for y, (what, gains) in enumerate(group):
            said = []
            for kind, seeds in gains.items():
                if not seeds:
                    continue
                values, k = np.array(list(seeds.values())), kinds.index(kind)
                colour, at = (GREEN, BLUE, ORANGE)[k], y + (k - 1) * 0.24
                axes.plot(values, np.full(len(values), at), "Dos"[k], color=colour, ms=5, alpha=0.6, label=kind)
                axes.plot([values.mean()] * 2, [at - 0.14, at + 0.14], color=colour, lw=2.5)
                said.append(f"{kind} {values.mean():+.1f}")
            told.append(f"{what}: {', '.join(said)}")
        axes.axvline(0, color=INK, lw=1)
        axes.set_yticks(range(len(group)), [textwrap.fill(what, 44) for what, _ in group])
        axes.set_ylim(len(group) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.hlines(np.arange(len(group) - 1) + 0.5, 0, 1, transform=axes.get_yaxis_transform(), color=FAINT, lw=0.5)
    panels[-1].set_xlabel("gain over two heads without swaps, points of mAP" + "; two scales" * (len(groups) > 1))
    handles = {label: h for axes in panels for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend([handles[kind] for kind in kinds], kinds, loc="outside lower right", ncols=len(kinds))
    panels[0].set_title(title)
    figure.alt_text = f"{title}. Mean gain: {'; '.join(told)}."
    return figure


@styled
def sweep(settings: Mapping[str, Seeds], *, title: str, ylabel: str, chosen: str) -> Picture:
    """A score under each setting, in their order: a mark a seed, a line through the means, the default in a circle."""
    figure = Picture(figsize=(8.4, 2.9), layout="constrained")
    axes, told, means = figure.subplots(), [], {}
    for x, (name, seeds) in enumerate(settings.items()):
        if not seeds:
            axes.text(x, 0.5, "not run", transform=axes.get_xaxis_transform(), ha="center", color=FAINT)
            axes.texts[-1].set(fontsize=SMALL, fontstyle="italic")
            told.append(f"{name} not run")
            continue
        values = np.array(list(seeds.values()))
        axes.plot(np.full(len(values), x), values, ls="", marker="o", color=BLUE, ms=6, alpha=0.6)
        means[x] = values.mean()
        told.append(f"{name} {values.mean():.1f}")
    axes.plot(list(means), list(means.values()), color=BLUE)
    if not means:
        axes.set_yticks([])
    place = list(settings).index(chosen)
    if place in means:
        axes.plot(place, means[place], "o", ms=13, mfc="none", mec=ORANGE, mew=2)
    axes.set_xticks(range(len(settings)), list(settings))
    axes.set_xlim(-0.5, len(settings) - 0.5)
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    figure.alt_text = f"{title}. {ylabel}: {'; '.join(told)}."
    return figure


def claims(
    pairs: Mapping[str, tuple[str, str]], said: Mapping[str, float], scores: Mapping[str, Seeds]
) -> pd.DataFrame:
    """Differences of two rows as a table to read: what the paper has, ours with its 95 % interval, and what follows.

    Args:
        pairs: by claim, the row that is said to be better and the other.
        said: the paper's mAP by row, one number each; where one is missing the paper makes no such claim.
        scores: ours, by row and seed; what was not run is left empty.
    """
    lines = {}
    for claim, (better, other) in pairs.items():
        paper = said[better] - said[other] if better in said and other in said else None
        line = {"paper": "" if paper is None else f"{paper:+.1f}", "ours": "not run", "95 % interval": "", "shown": ""}
        if better in scores and other in scores:
            gain = paired_gain(scores[better], scores[other])
            line |= {"ours": f"{gain.mean:+.1f}", "seeds": f"{gain.seeds}", "shown": verdict(gain)}
            if gain.seeds > 1:
                line["95 % interval"] = f"{gain.low:+.1f} to {gain.high:+.1f}"
        lines[claim] = line
    return pd.DataFrame.from_dict(lines, orient="index").fillna("").rename_axis("points of mAP")


def verdict(gain: Gain) -> str:
    """What an interval says of a gap: 'yes', 'no, the other way round', or 'not shown'."""
    if gain.seeds < 2 or gain.low <= 0 <= gain.high:
        return "not shown"
    return "yes" if gain.mean > 0 else "no, the other way round"


def costs(config: Config, *, trainings: int) -> pd.DataFrame:
    """What the paper's numbers and ours were made with, on Market-1501 and on Toy Market, to read side by side."""
    world, height = toymarket.spec_of(config.dataset, config.scale), config.data.height
    start, backbone = config.losses.warm_up * config.optim.steps, config.networks.backbone
    images = f"{world.train_ids * world.train_images_per_id:,} of {world.train_ids} people"
    lines = {
        "training images": ("12,936 of 751 people", images),
        "image": ("256 x 128", f"{height} x {height // 2}"),
        "E_a": ("ResNet50, pre-trained on ImageNet", f"'{backbone}', a few layers, from nothing"),
        "swaps are fed back": ("after 30,000 iterations", f"after {start:,.0f} of {config.optim.steps:,}"),
        "trainings a cell": ("one number, no spread", str(trainings)),
        "AP": ("trapezoid rule (release)", "trapezoid rule"),
    }
    return pd.DataFrame.from_dict(lines, orient="index", columns=["paper, Market-1501", "here, Toy Market"])
