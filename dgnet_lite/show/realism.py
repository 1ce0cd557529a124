"""What lesson 11 draws: pictures with their scores, clouds of features, a distance over counts, rankings by judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse

from dgnet_lite.show.style import BLUE, FAINT, FONT_SIZE, GREEN, INK, LINES, MARKERS, ORANGE, PALETTE, Picture, styled

TILE = 1.15
"""Inches that a picture is wide."""
ROUNDING = 1e-6
"""What is smaller than this is 0."""


@styled
def judged_row(images: Mapping[str, np.ndarray], scores: pd.DataFrame, *, title: str, form: str = ".2f") -> Picture:
    """Pictures side by side, the name above each and its scores beneath.

    Args:
        images: by name, uint8 (H, W, 3), all of one size.
        scores: index the names of the scores, columns those of the pictures; NaN where a picture has none.
        form: how a score is written.
    """
    count, lines = len(images), len(scores)
    height, width = next(iter(images.values())).shape[:2]
    tall = TILE * height / width
    figure = Picture(figsize=(TILE * count * 1.12 + 1.2, tall + 0.75 + 0.19 * lines))
    left, bottom = 1.2 / figure.get_figwidth(), (0.12 + 0.19 * lines) / figure.get_figheight()
    step, told = (1 - left) / count, []
    for k, (name, image) in enumerate(images.items()):
        box = (left + k * step, bottom, step * 0.92, tall / figure.get_figheight())
        axes = figure.add_axes(box)
        axes.imshow(image, interpolation="nearest", aspect="auto")
        axes.axis("off")
        axes.set_title(name, loc="center", fontweight="normal")
        for line, (score, values) in enumerate(scores.iterrows()):
            y = bottom - (0.14 + 0.19 * line) / figure.get_figheight()
            if k == 0:
                figure.text(left - 0.015, y, score, ha="right", va="center", size=FONT_SIZE - 0.5, color=INK)
            text = "-" if np.isnan(values[name]) else format(values[name], form)
            figure.text(box[0] + box[2] / 2, y, text, ha="center", va="center", size=FONT_SIZE)
        told.append(f"{name}: " + ", ".join(f"{score} {scores[name][score]:{form}}" for score in scores.index))
    figure.text(0.01, 1 - 0.13 / figure.get_figheight(), title, fontweight="bold", va="center", size=FONT_SIZE)
    figure.alt_text = f"{title}. {'; '.join(told)}."
    return figure


@styled
def clouds(sets: Mapping[str, np.ndarray], *, title: str, distances: Mapping[str, float]) -> Picture:
    """Each set of points over the first one's, with the ellipses of their means and covariances: what Fréchet sees.

    Args:
        sets: by name, (N, 2); the first is what the others are compared with.
        distances: by name, the distance of each other set from the first in these two numbers.
    """
    (first, real), *others = sets.items()
    figure = Picture(figsize=(8.4, 3.1), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(others), sharex=True, sharey=True))
    for k, (axes, (name, points)) in enumerate(zip(panels, others, strict=True)):
        axes.plot(*real.T, "o", ms=2, color=FAINT, alpha=0.35, mew=0)
        axes.plot(*points.T, "^", ms=2.2, color=BLUE, alpha=0.45, mew=0)
        _ellipse(axes, real, INK, "-", first if k == 0 else None)
        _ellipse(axes, points, ORANGE, "--", "the other set" if k == 0 else None)
        axes.set_title(f"{name}: {distances[name]:.3g}", loc="center", fontweight="normal")
        axes.set_xlabel("first direction")
        axes.grid(visible=False)
    panels[0].set_ylabel("second direction")
    figure.legend(loc="outside lower center", ncols=2)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    listed = ", ".join(f"{name} {value:.3g}" for name, value in distances.items())
    figure.alt_text = f"{title}. Clouds of points with ellipses of two deviations; distances from {first}: {listed}."
    return figure


def _ellipse(axes: Axes, points: np.ndarray, colour: str, line: str, label: str | None) -> None:
    """Two standard deviations around the mean."""
    values, vectors = np.linalg.eigh(np.cov(points.T))
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
    sides = 4 * np.sqrt(np.maximum(values[::-1], 0))
    ellipse = Ellipse(points.mean(axis=0), *sides, angle=angle, fill=False, ec=colour, lw=1.8, ls=line, label=label)
    axes.add_patch(ellipse)


@styled
def over_counts(
    counts: Sequence[int], distances: Mapping[str, np.ndarray], *, title: str, level: Mapping[str, float] | None = None
) -> Picture:
    """A panel a distance: its mean over draws at each count of images, with the deviation, and 0, where it should be.

    Args:
        counts: images a set, rising.
        distances: by title, (len(counts), draws).
        level: by title, a number to compare with, as the distance of a generator.
    """
    figure = Picture(figsize=(8.4, 3.2), layout="constrained")
    told = []
    panels = np.atleast_1d(figure.subplots(1, len(distances)))
    for k, (axes, (name, values)) in enumerate(zip(panels, distances.items(), strict=True)):
        mean, sd = values.mean(axis=1), values.std(axis=1)
        axes.axhline(0, color=INK, lw=1)
        axes.fill_between(counts, mean - sd, mean + sd, color=PALETTE[k], alpha=0.25, lw=0)
        axes.plot(counts, mean, LINES[k], marker=MARKERS[k], ms=4, color=PALETTE[k], label="real against real")
        if level and name in level:
            axes.axhline(level[name], color=GREEN, ls=":", lw=1.8, label="swaps against real, all images")
        axes.set_xlabel("images a set")
        axes.set_title(name)
        axes.legend(loc="center right")
        told.append(f"{name} from {mean[0]:.3g} at {counts[0]} to {mean[-1]:.3g} at {counts[-1]}")
    panels[0].set_ylabel("mean ± deviation over draws")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    figure.alt_text = f"{title}. {'; '.join(told)}."
    return figure


@styled
def rankings(scores: pd.DataFrame, *, title: str) -> Picture:
    """What each judge puts first: a line a row of the table from judge to judge, best on top, its scores beside it.

    Args:
        scores: index the rows, columns the judges, a lower number is better; NaN where a judge says nothing.
    """
    figure = Picture(figsize=(8.6, 0.42 * len(scores) + 1.2), layout="constrained")
    axes = figure.subplots()
    places = scores.rank(method="first").to_numpy()
    for k, name in enumerate(scores.index):
        colour, marker = PALETTE[k % len(PALETTE)], MARKERS[k % len(MARKERS)]
        axes.plot(range(scores.shape[1]), places[k], LINES[k % 4], marker=marker, color=colour, ms=6)
        first = np.flatnonzero(~np.isnan(places[k]))[0]
        axes.annotate(name, (first, places[k][first]), (-10, 0), textcoords="offset points", ha="right", va="center")
        for column, value in enumerate(scores.loc[name]):
            if not np.isnan(value):
                at = (column, places[k][column])
                text = f"{value if abs(value) > ROUNDING else 0:.3g}"
                behind = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.75}
                axes.annotate(text, at, (8, 5), textcoords="offset points", size=FONT_SIZE - 1.5, bbox=behind)
    axes.set_xticks(range(scores.shape[1]), scores.columns)
    axes.xaxis.tick_top()
    axes.set(xlim=(-1.35, scores.shape[1] - 0.6), ylim=(len(scores) + 0.6, 0.3), yticks=[])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    best = "; ".join(f"{judge.replace(chr(10), ' ')}: {', '.join(order(scores[judge]))}" for judge in scores.columns)
    figure.alt_text = f"{title}. Best first, {best}."
    return figure


def order(scores: pd.Series) -> list[str]:
    """The names from the lowest score to the highest, without those that have none."""
    return list(scores.dropna().sort_values(kind="stable").index)
