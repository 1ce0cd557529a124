"""What lesson 04 draws: statistics of channels, who hears which part of a code, norms, one picture learnt by heart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from dgnet_lite.show.style import INK, MARKERS, PALETTE, Picture, styled


def _numbers(values: Tensor | np.ndarray) -> np.ndarray:
    return values.detach().numpy() if isinstance(values, Tensor) else np.asarray(values)


@styled
def channel_statistics(maps: Mapping[str, Tensor], names: Sequence[str]) -> Picture:
    """Mean and standard deviation of each channel of each picture, one panel for each stage.

    Args:
        maps: by title, (B, C, H, W).
        names: what the B pictures are called.
    """
    figure = Picture(figsize=(8.4, 2.9), layout="constrained")
    axes = figure.subplots(1, len(maps), sharex=True, sharey=True)
    for panel, (title, x) in zip(axes, maps.items(), strict=True):
        for k, (name, image) in enumerate(zip(names, x, strict=True)):
            mean, std = image.mean(dim=(1, 2)), image.std(dim=(1, 2), unbiased=False)
            panel.plot(_numbers(mean), _numbers(std), MARKERS[k], color=PALETTE[k], label=name, ms=7, alpha=0.8)
        panel.set_title(title)
        panel.set_xlabel("mean of the channel")
    axes[0].set_ylabel("deviation of the channel")
    axes[0].legend(loc="best")
    figure.alt_text = (
        f"Mean against standard deviation of each channel of {', '.join(names)}, in {len(maps)} panels: "
        f"{', '.join(maps)}."
    )
    return figure


@styled
def code_slices(hears: Mapping[str, Tensor], person: np.ndarray) -> Picture:
    """A pedestrian with the four stripes, and for each way of slicing, which block hears of which stripe.

    Args:
        hears: by the name of the slicing, (stripes, blocks), how many numbers of the stripe the block reads.
        person: uint8 (H, W, 3).
    """
    stripes, blocks = next(iter(hears.values())).shape
    figure = Picture(figsize=(8.4, 3.0), layout="constrained")
    left, *panels = figure.subplots(1, 1 + len(hears), width_ratios=[0.9] + [1.3] * len(hears))
    _striped(left, person, stripes)
    for panel, (name, table) in zip(panels, hears.items(), strict=True):
        table = _numbers(table)
        share = table / table.sum(axis=0)
        panel.imshow(share, cmap="cividis", vmin=0, vmax=1, aspect="auto")
        for (row, column), value in np.ndenumerate(share):
            panel.text(column, row, f"{value:.0%}", ha="center", va="center", color="white" if value < 0.6 else INK)
        panel.set_title(f'"{name}" (each {int(table[:, 0].sum()):,})')
        panel.set_xticks(range(blocks), [str(k + 1) for k in range(blocks)])
        panel.set_xlabel("residual block")
        panel.set_yticks(
            range(stripes), [f"stripe {k + 1}" for k in range(stripes)] if panel is panels[0] else [""] * 4
        )
        panel.grid(visible=False)
        panel.tick_params(length=0)
    heard = "; ".join(
        f"{name}: {int((_numbers(t) > 0).sum())} of {stripes * blocks} pairs" for name, t in hears.items()
    )
    figure.alt_text = (
        f"A pedestrian cut into {stripes} stripes, and tables of which stripe reaches which block. Connected: {heard}."
    )
    return figure


def _striped(axes: Axes, person: np.ndarray, stripes: int) -> None:
    height, width = person.shape[:2]
    axes.imshow(person, interpolation="nearest", aspect="auto")
    for k in range(stripes):
        axes.axhspan(k * height / stripes - 0.5, (k + 1) * height / stripes - 0.5, color=PALETTE[k], alpha=0.22, lw=0)
        axes.text(0.04 * width, (k + 0.14) * height / stripes, str(k + 1), color="white", weight="bold", va="center")
    axes.set_title("stripes of the code")
    axes.axis("off")


@styled
def channel_means(stages: Mapping[str, Tensor], names: Sequence[str]) -> Picture:
    """The mean of each channel of two or more appearances, a panel for each stage.

    Args:
        stages: by title, (B, C, H, W).
        names: of the B appearances.
    """
    figure = Picture(figsize=(8.4, 2.7), layout="constrained")
    axes = figure.subplots(1, len(stages), sharey=True)
    apart = []
    for panel, (title, x) in zip(axes, stages.items(), strict=True):
        means = _numbers(x.mean(dim=(2, 3)))
        for k, (name, values) in enumerate(zip(names, means, strict=True)):
            channels = np.arange(1, len(values) + 1)
            panel.plot(channels, values, MARKERS[k] + "-", color=PALETTE[k], label=name, ms=5, lw=1, alpha=0.85)
        panel.set_title(title)
        panel.set_xlabel("channel")
        apart.append(f"{title} {np.abs(means[0] - means[1]).mean():.2f}")
    axes[0].set_ylabel("mean over the picture")
    axes[0].legend(loc="best")
    figure.alt_text = f"Channel means for {' and '.join(names)}. Mean distance of the first two: {'; '.join(apart)}."
    return figure


@styled
def overfitting(
    losses: Mapping[str, Sequence[float]], strip: np.ndarray, steps: Sequence[int], target: np.ndarray
) -> Picture:
    """Pictures on the way to one picture, the picture itself at the end, and the losses beneath.

    Args:
        losses: by name, one number a step.
        strip: uint8 (S, H, W, 3), what G made at `steps`.
        steps: S whole numbers.
        target: uint8 (H, W, 3).
    """
    figure = Picture(figsize=(8.4, 4.3), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1.15, 1])
    above.set_facecolor("none")
    tiles, titles = [*strip, target], [*(f"step {k}" for k in steps), "the picture"]
    for axes, image, title in zip(above.subplots(1, len(tiles)), tiles, titles, strict=True):
        axes.imshow(image, interpolation="nearest")
        axes.set_title(title, loc="center")
        axes.axis("off")
    curve_panel(below.subplots(), losses, "error, eq. (1)")
    figure.alt_text = (
        f"One picture as G makes it after {', '.join(map(str, steps))} steps, beside the picture itself. "
        f"Error at the end: {_ends(losses)}."
    )
    return figure


@styled
def learning_curves(losses: Mapping[str, Sequence[float]], what: str, *, title: str) -> Picture:
    """One curve for each name over the steps. `what` is the label of the numbers."""
    figure = Picture(figsize=(8.4, 2.6), layout="constrained")
    axes = figure.subplots()
    curve_panel(axes, losses, what)
    axes.set_title(title)
    figure.alt_text = f"{title}. {what} over the steps; at the end: {_ends(losses)}."
    return figure


def curve_panel(axes: Axes, losses: Mapping[str, Sequence[float]], what: str) -> None:
    for k, (name, values) in enumerate(losses.items()):
        axes.plot(range(len(values)), values, color=PALETTE[k], ls=("-", "--", ":", "-.")[k % 4], label=name)
    axes.set_xlabel("step")
    axes.set_ylabel(what)
    axes.set_ylim(0, None)
    if len(losses) > 1:
        axes.legend(loc="best")


def _ends(losses: Mapping[str, Sequence[float]]) -> str:
    return ", ".join(f"{name} {values[-1]:.3f}" for name, values in losses.items())
