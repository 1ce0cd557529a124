"""A training as it runs: what the losses do, how a few swaps look beside the true ones, how people are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from dgnet_lite.config import Config
from dgnet_lite.evaluation.monitor import Monitor, Reading
from dgnet_lite.show.curves import DGNET, feeding_phases, shade
from dgnet_lite.show.style import BLUE, FAINT, LINES, ORANGE, PALETTE, Picture, styled

Curves = Mapping[str, tuple[Sequence[int], Sequence[float]]]
"""Of a loss or a reading: steps and values."""


@styled
def training_view(losses: Curves, readings: Mapping[int, Reading], monitor: Monitor, config: Config) -> Picture:
    """Four small plots of losses, one of the readings, and the swaps of the last reading beneath the true ones.

    Args:
        losses: by the name in training/step.py; a loss that does not act yet may be missing.
        readings: by step.
        monitor: what made them.
        config: its number of steps is the length of the axes.
    """
    figure = Picture(figsize=(8.4, 4.6))  # drawn again and again: a fixed layout takes half the time of a computed one
    grid = figure.add_gridspec(3, 2, left=0.045, right=0.6, top=0.94, bottom=0.095, hspace=0.42, wspace=0.2)
    panels = grid.subplots(sharex=True).flat
    steps, phases = config.optim.steps, feeding_phases(config)
    for axes, panel in zip(panels, DGNET, strict=False):
        _curves(axes, losses, panel.losses)
        axes.set_title(panel.title)
        shade(axes, *phases)
        axes.set_xlim(0, steps)
    _readings(panels[5], readings)
    for axes in panels[4:]:
        axes.set_xlabel("step")
    last = max(readings, default=None)
    if last is not None:
        _swaps(figure.add_axes((0.665, 0.04, 0.325, 0.9)), readings[last], monitor, last)
    figure.alt_text = _in_words(losses, readings, steps)
    return figure


def _curves(axes: Axes, losses: Curves, names: Mapping[str, str]) -> None:
    top = 0.0
    for number, (name, label) in enumerate(names.items()):
        x, y = losses.get(name, ((), ()))
        if len(x):
            axes.plot(x, y, color=PALETTE[number], ls=LINES[number], label=label, lw=1.3)
            top = max(top, float(np.nanmax(y)))
    if top:
        axes.set_ylim(0, 1.08 * top)
        axes.legend(loc="best", fontsize=6.5, handlelength=1.6, frameon=True, framealpha=0.7, edgecolor="none")


def _readings(axes: Axes, readings: Mapping[int, Reading]) -> None:
    axes.set_title("People never seen")
    x = sorted(readings)
    axes.plot(x, [100 * readings[s].rank1 for s in x], color=BLUE, marker="o", ms=3, label="Rank@1, percent")
    ratios = [100 * readings[s].clothes for s in x]
    known = [ratio for ratio in ratios if np.isfinite(ratio)]
    if known:
        axes.plot(x, ratios, color=ORANGE, ls="--", marker="s", ms=3, label="clothes' error, copy = 100")
    axes.set_ylim(0, max([115, *(1.05 * ratio for ratio in known)]))
    axes.axhline(100, color=FAINT, lw=0.8)
    axes.legend(loc="best", fontsize=6.5, handlelength=1.6, frameon=True, framealpha=0.7, edgecolor="none")


def _swaps(axes: Axes, reading: Reading, monitor: Monitor, step: int) -> None:
    n = len(reading.generated)
    rows = [monitor.x_i[:n], monitor.x_j[:n], reading.generated]
    names = ["clothes $x_i$", "body $x_j$", "swap $x_j^i$"]
    if monitor.true is not None:
        rows.append(monitor.true[:n])
        names.append("true swap")
    height = reading.generated.shape[1]
    canvas = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
    axes.imshow(canvas, interpolation="nearest")
    axes.set_title(f"Swaps after {step + 1:,} steps")
    axes.set_yticks([height * (k + 0.5) for k in range(len(rows))], names, rotation=90, va="center")
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _in_words(losses: Curves, readings: Mapping[int, Reading], steps: int) -> str:
    now = ", ".join(f"{name} {values[1][-1]:.2f}" for name, values in losses.items() if len(values[1]))
    said = f"Losses of a training of {steps:,} steps so far: {now or 'none yet'}."
    if readings:
        last = readings[max(readings)]
        said += f" Rank@1 on people never seen {100 * last.rank1:.0f} percent; error inside the clothes "
        said += f"{last.clothes:.2f} of the copy's."
    return said


@styled
def compare_runs(
    runs: Mapping[str, Curves], names: Sequence[str], titles: Mapping[str, str] | None = None, *, title: str
) -> Picture:
    """The same curves of several runs over each other, a small plot a curve: to see which run is unlike the others.

    Args:
        runs: curves by the name of the run, at most six.
        names: which curves, in the order of the plots; what a run does not have is left out.
        titles: of the plots, where a name says too little.
        title: above all.
    """
    columns = 3
    rows = -(-len(names) // columns)
    figure = Picture(figsize=(8.4, 1.75 * rows + 0.5), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, name in zip(panels, names, strict=False):
        for number, (run, curves) in enumerate(runs.items()):
            x, y = curves.get(name, ((), ()))
            axes.plot(x, y, color=PALETTE[number], ls=LINES[number % len(LINES)], lw=1.3, label=run)
        axes.set_title((titles or {}).get(name, name))
        axes.set_ylim(bottom=0)
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    for axes in panels[max(0, len(names) - columns) : len(names)]:
        axes.set_xlabel("step")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(runs), handlelength=2.4)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=9)
    ends = "; ".join(
        f"{run}: "
        + ", ".join(f"{name} {curves[name][1][-1]:.2f}" for name in names if len(curves.get(name, ((), ()))[1]))
        for run, curves in runs.items()
    )
    figure.alt_text = f"{title}. Curves at the end of each run: {ends}."
    return figure
