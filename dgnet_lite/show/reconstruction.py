"""What lesson 06 draws: losses of several trainings, distances of codes, one number for each training and question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dgnet_lite.show.style import FAINT, INK, LINES, MARKERS, PALETTE, Picture, styled


@styled
def losses_of_runs(runs: Mapping[str, Mapping[str, Sequence[float]]], *, window: int = 10, title: str) -> Picture:
    """A panel for each loss, in it a curve for each run that has it, as running means.

    Args:
        runs: by the run's name, then the loss's; one number a step.
        window: steps that a running mean takes in.
        title: above all panels.
    """
    names = list(dict.fromkeys(name for losses in runs.values() for name in losses))
    figure = Picture(figsize=(8.6, 3.1), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize="medium")
    ends = []
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for k, (run, losses) in enumerate(runs.items()):
            if name in losses:
                values = running_mean(losses[name], window)
                steps = np.arange(len(losses[name]) - len(values) + 1, len(losses[name]) + 1)
                axes.plot(steps, values, color=PALETTE[k], ls=LINES[k % 4], label=run)
                ends.append(f"{name}, {run}: {values[-1]:.2f}")
        axes.set_title(name)
        axes.set_xlabel("step")
        axes.set_ylim(0, None)
    lines = {line.get_label(): line for axes in figure.axes for line in axes.lines}
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=len(lines))
    figure.alt_text = f"{title}. Curves over the steps, at the end: {'; '.join(ends)}."
    return figure


def running_mean(values: Sequence[float], window: int) -> np.ndarray:
    """Means over `window` values in a row (over all, if there are fewer): one for each place the window fits."""
    window = min(window, len(values))
    return np.convolve(values, np.full(window, 1 / window), mode="valid")


@styled
def distances_of_codes(runs: Mapping[str, tuple[np.ndarray, np.ndarray]], *, title: str) -> Picture:
    """How far codes are apart, within persons and between them; a panel for each run.

    Args:
        runs: by name, distances of pairs of one person, and of pairs of two persons. Each panel is in units of the
            mean of the second.
        title: above all panels.
    """
    figure = Picture(figsize=(8.6, 2.9), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize="medium")
    panels = figure.subplots(1, len(runs), sharex=True, sharey=True, squeeze=False)[0]
    ratios = []
    for axes, (name, (within, between)) in zip(panels, runs.items(), strict=True):
        unit = np.mean(between)
        edges = np.linspace(0, 2, 41)
        for k, (values, label) in enumerate(((between, "two persons"), (within, "one person"))):
            style = {"color": PALETTE[k], "label": label}
            axes.hist(np.clip(np.asarray(values) / unit, 0, 2), edges, density=True, alpha=0.55, **style)
            axes.axvline(np.mean(values) / unit, color=PALETTE[k], ls=LINES[k], lw=1.8)
        ratio = np.mean(within) / unit
        axes.set_title(f"{name}: {ratio:.2f}")
        axes.set_yticks([])
        ratios.append(f"{name} {ratio:.2f}")
    figure.supxlabel("distance; 1: two persons on average", fontsize="medium")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center", handlelength=1)
    figure.alt_text = f"{title}. Mean distance within persons over mean distance between persons: {', '.join(ratios)}."
    return figure


@styled
def dots(
    table: Mapping[str, Mapping[str, float]],
    what: str,
    *,
    title: str,
    mark: float | None = None,
    start: float | None = None,
) -> Picture:
    """A row for each name, in it a mark for each series, on one axis.

    Args:
        table: by row, then series, a number; a series may be missing in a row.
        what: the numbers, beneath the axis.
        mark: draws a line there.
        start: where the axis begins; None: wherever the numbers do.
    """
    series = list(dict.fromkeys(name for row in table.values() for name in row))
    figure = Picture(figsize=(8.6, 0.36 * len(table) + 1.25), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(table.values()):
        axes.plot([min(row.values()), max(row.values())], [place, place], color=FAINT, lw=1, zorder=1)
        for k, name in enumerate(series):
            if name in row:
                label = name if name not in axes.get_legend_handles_labels()[1] else None
                axes.plot(row[name], place, MARKERS[k % len(MARKERS)], color=PALETTE[k], ms=8, label=label, alpha=0.9)
    if mark is not None:
        axes.axvline(mark, color=INK, lw=1, ls=":", zorder=0)
    axes.set_yticks(range(len(table)), list(table))
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_xlim(start, None)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(what)
    axes.set_title(title)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    told = "; ".join(f"{row}: {', '.join(f'{n} {v:.3f}' for n, v in values.items())}" for row, values in table.items())
    figure.alt_text = f"{title}. {what}. {told}."
    return figure
