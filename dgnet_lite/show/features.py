"""What lesson 02 draws: cells of a feature map, where a pool looks, learning curves, what a feature listens to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from dgnet_lite.show.style import BLUE, FAINT, INK, LINES, ORANGE, PALETTE, VERMILION, Picture, styled


@styled
def cells_of(image: np.ndarray, maps: Mapping[str, tuple[int, int]]) -> Picture:
    """A picture, cut into the cells of feature maps: each cell of a map stands for one rectangle of the picture.

    Args:
        image: uint8 (H, W, 3).
        maps: by title, (rows, columns).
    """
    figure = Picture(figsize=(1.9 * (len(maps) + 1), 3.5), layout="constrained")
    height, width = image.shape[:2]
    for axes, (title, size) in zip(figure.subplots(1, len(maps) + 1), [("image", None), *maps.items()], strict=True):
        axes.imshow(image, interpolation="nearest", extent=(0, width, height, 0))
        axes.axis("off")
        axes.set_title(title if size is None else f"{title}\n{size[0]} x {size[1]} cells", loc="center")
        for k in range(1, size[0]) if size else ():
            axes.axhline(k * height / size[0], color="white", lw=1.4)
        for k in range(1, size[1]) if size else ():
            axes.axvline(k * width / size[1], color="white", lw=1.4)
    listed = "; ".join(f"{title}: {rows} x {columns}" for title, (rows, columns) in maps.items())
    figure.alt_text = f"A pedestrian, and the same picture cut into the cells of feature maps. {listed}."
    return figure


@styled
def pooled_places(images: np.ndarray, shares: Mapping[str, np.ndarray]) -> Picture:
    """Pictures, and for each pool the share of its answer that comes from each cell, the same scale everywhere.

    Args:
        images: uint8 (N, H, W, 3).
        shares: by the pool's name, (N, h, w), each picture's sum 1.
    """
    rows = len(shares) + 1
    figure = Picture(figsize=(min(8.4, 1.15 * len(images) + 1), 1.75 * rows), layout="constrained")
    top = max(float(share.max()) for share in shares.values())
    panels = figure.subplots(rows, len(images), squeeze=False)
    for column, image in enumerate(images):
        height, width = image.shape[:2]
        panels[0, column].imshow(image, interpolation="nearest")
        for axes, share in zip(panels[1:, column], shares.values(), strict=True):
            axes.imshow(image.mean(axis=-1), cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0))
            shown = axes.imshow(
                share[column], cmap="cividis", vmin=0, vmax=top, alpha=0.72, extent=(0, width, height, 0)
            )
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
    for row, name in enumerate(["image", *shares]):
        panels[row, 0].set_ylabel(name, rotation=0, ha="right", va="center")
    bar = figure.colorbar(shown, ax=panels[1:, :], shrink=0.7, format=PercentFormatter(1, decimals=0))
    bar.set_label("share of the pooled answer")
    most = "; ".join(f"{name} {100 * share.max(axis=(1, 2)).mean():.0f} %" for name, share in shares.items())
    figure.alt_text = f"{len(images)} pedestrians and where each pool looks. The strongest cell has on average {most}."
    return figure


@styled
def learning(losses: Sequence[float], scores: pd.DataFrame, *, chance: float, later: Mapping[str, float]) -> Picture:
    """Left the loss of each step, right Rank@1 and mAP as training goes on, and what a longer training reaches.

    Args:
        losses: one number a step.
        scores: index `step`, columns of fractions in 0..1.
        chance: the loss of a network that knows nothing.
        later: fractions, by column of `scores`: drawn as dotted lines.
    """
    figure = Picture(figsize=(8.4, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    steps = np.arange(1, len(losses) + 1)
    window = max(1, len(losses) // 40)
    smooth = pd.Series(losses, index=steps).rolling(window, min_periods=1).mean()
    left.plot(steps, losses, color=FAINT, lw=0.6, alpha=0.5)
    left.plot(smooth.index, smooth, color=BLUE, label=f"mean of {window} steps")
    left.axhline(chance, color=VERMILION, ls=":", label="log K: every identity equally likely")
    left.set(xlabel="step", ylabel="$L_{id}$, eq. (3)", ylim=(0, 1.15 * max(chance, smooth.max())))
    left.set_title("Training people: the loss")
    left.legend(loc="center right")
    for column, colour, line, side in zip(scores, (BLUE, ORANGE), LINES, ("bottom", "top"), strict=False):
        right.plot(scores.index, scores[column], line, marker="o", ms=3.5, color=colour, label=column)
        if column in later:
            right.axhline(later[column], color=colour, ls=":", lw=1.2)
            place = later[column] + (0.01 if side == "bottom" else -0.01)
            right.text(0, place, f"{column}, full schedule", color=INK, size=8, va=side)
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    right.set(xlabel="step", ylim=(0, 1))
    right.set_title("Test people, never seen: the ranking")
    right.legend(loc="lower right")
    last = scores.iloc[-1]
    figure.alt_text = f"The loss falls to {smooth.iloc[-1]:.2f}; " + ", ".join(
        f"{column} rises from {scores[column].iloc[0]:.2f} to {last[column]:.2f}" for column in scores
    )
    return figure


@styled
def similarity_by_kind(kinds: Mapping[str, np.ndarray], *, title: str) -> Picture:
    """Cosines of pairs of pictures, a line of dots for each kind of pair, with the mean.

    Args:
        kinds: by what the pairs share, (N,) cosines.
    """
    figure = Picture(figsize=(8.0, 0.62 * len(kinds) + 1.1), layout="constrained")
    axes = figure.subplots()
    rng = np.random.default_rng(0)
    for row, (colour, values) in enumerate(zip(PALETTE, kinds.values(), strict=False)):
        spread = row + rng.uniform(-0.26, 0.26, len(values))
        axes.plot(values, spread, "o", color=colour, ms=3, alpha=0.35, mew=0)
        axes.plot([np.mean(values)] * 2, [row - 0.36, row + 0.36], color=INK, lw=2)
        axes.text(np.mean(values), row - 0.4, f"{np.mean(values):.2f}", ha="center", va="bottom", color=INK, size=8)
    axes.set_yticks(range(len(kinds)), list(kinds))
    axes.set(ylim=(len(kinds) - 0.45, -0.75), xlabel="cosine of the two features; line: mean")
    axes.set_title(title)
    axes.grid(axis="y", visible=False)
    means = "; ".join(f"{name} {np.mean(values):.2f}" for name, values in kinds.items())
    figure.alt_text = f"{title}. Mean cosine: {means}."
    return figure


@styled
def shared_factors(table: pd.DataFrame, *, title: str) -> Picture:
    """For each factor two shares: of the wrong first answers that share it with the query, and by chance.

    Args:
        table: index the factor, columns "wrong first ranks" and "by chance", fractions; optional "error", of the first.
    """
    figure = Picture(figsize=(7.6, 0.32 * len(table) + 1.3), layout="constrained")
    axes = figure.subplots()
    rows = np.arange(len(table))
    first, chance = table["wrong first ranks"], table["by chance"]
    axes.hlines(rows, chance, first, color=FAINT, lw=1.5)
    axes.plot(chance, rows, "o", mfc="white", mec=INK, ms=6, label="by chance, among all wrong candidates")
    axes.plot(first, rows, "D", color=BLUE, ms=6, label="wrong first ranks")
    if "error" in table:
        axes.errorbar(first, rows, xerr=table["error"], fmt="none", ecolor=BLUE, lw=1, capsize=2)
    axes.set_yticks(rows, list(table.index))
    axes.set(ylim=(len(table) - 0.5, -0.6), xlim=(-0.02, 1.02), xlabel="share of pairs with the same value")
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", visible=False)
    axes.set_title(title)
    figure.legend(loc="outside lower center", ncols=2)
    pairs = zip(table.index, 100 * first, 100 * chance, strict=True)
    listed = "; ".join(f"{name} {share:.0f} % against {by_chance:.0f} %" for name, share, by_chance in pairs)
    figure.alt_text = f"{title}. Wrong first ranks against chance: {listed}."
    return figure


@styled
def feature_spread(stages: Mapping[str, np.ndarray]) -> Picture:
    """Mean and standard deviation of each number of a feature, sorted by deviation, before and after BatchNorm.

    Args:
        stages: by title, (N, d): N features.
    """
    figure = Picture(figsize=(8.4, 2.7), layout="constrained")
    told = []
    panels = figure.subplots(1, len(stages), sharey=True)
    for axes, (title, features) in zip(np.atleast_1d(panels), stages.items(), strict=True):
        order = np.argsort(features.std(axis=0))
        mean, std = features.mean(axis=0)[order], features.std(axis=0)[order]
        _spread(axes, mean, std)
        axes.set_title(title)
        told.append(f"{title}: deviations from {std.min():.2f} to {std.max():.2f}")
    np.atleast_1d(panels)[0].set_ylabel("value")
    np.atleast_1d(panels)[-1].legend(loc="upper left")
    figure.alt_text = "Mean and deviation of each number of a feature. " + "; ".join(told) + "."
    return figure


def _spread(axes: Axes, mean: np.ndarray, std: np.ndarray) -> None:
    place = np.arange(1, len(mean) + 1)
    axes.fill_between(place, mean - std, mean + std, color=BLUE, alpha=0.25, lw=0, label="mean ± deviation")
    axes.plot(place, mean, color=BLUE, lw=1, label="mean over pictures")
    axes.set_xlabel("number, by its deviation")
