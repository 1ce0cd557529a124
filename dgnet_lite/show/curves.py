"""Loss curves of a run, small multiples by what the losses are about."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from dgnet_lite.config import Config
from dgnet_lite.schedule import feedback
from dgnet_lite.show.style import FAINT, PALETTE, Picture, styled
from dgnet_lite.training.tracking import read_metrics


class Panel(NamedTuple):
    """One small plot: its title, and the label of each loss by its name in training/step.py."""

    title: str
    losses: dict[str, str]


TEACHER = Panel("Teacher: identity", {"id_s": "real images, eq. (3)"})
DGNET = (
    Panel(
        "Reconstruction",
        {"img1": "itself, eq. (1)", "img2": "same person, eq. (2)", "cycle": "and back (release)"},
    ),
    Panel("Codes", {"code1": "appearance, eq. (4)", "code2": "structure, eq. (5)"}),
    Panel(
        "Identity",
        {"id_s": "real, eq. (3)", "id_c": "swaps, eq. (6)", "fine_real": "real, fine head"},
    ),
    Panel("Adversarial, eq. (7)", {"adv": "G", "D": "D"}),
    Panel("Feedback of swaps", {"prim": "primary, eq. (8)", "fine": "fine-grained, eq. (9)"}),
)


def loss_curves(folder: str | Path, config: Config) -> Picture:
    """Curves of the teacher and of DG-Net in a run's folder, which holds teacher/ and dgnet/.

    Raises FileNotFoundError: nothing was trained there.
    """
    return draw_curves(read_metrics(Path(folder) / "teacher"), read_metrics(Path(folder) / "dgnet"), config)


@styled
def draw_curves(teacher: pd.DataFrame, dgnet: pd.DataFrame, config: Config) -> Picture:
    """The same from tables with index `step` and one column a loss, unweighted; a loss may be missing."""
    figure = Picture(figsize=(8.4, 4.4), layout="constrained")
    panels = figure.subplots(2, 3)
    _panel(panels.flat[0], teacher, TEACHER)
    phases = feeding_phases(config)
    for axes, panel in zip(panels.flat[1:], DGNET, strict=True):
        _panel(axes, dgnet, panel)
        shade(axes, *phases)
        axes.set_xlim(0, config.optim.steps)
    for axes in panels[:, 0]:
        axes.set_ylabel("loss, unweighted")
    for axes in panels[1]:
        axes.set_xlabel("step")
    figure.suptitle(
        f"Losses of one run, {config.scale} scale. "
        "Dark grey: warm-up, no swap is fed back. Light grey: their weight rises.",
        x=0.01,
        ha="left",
        fontweight="bold",
        fontsize=9,
    )
    last = {name: dgnet[name].dropna().iloc[-1] for name in dgnet if name in DGNET[0].losses}
    ends = ", ".join(f"{name} {value:.3f}" for name, value in last.items())
    figure.alt_text = f"Loss curves of the teacher and of DG-Net over {config.optim.steps} steps; at the end {ends}."
    return figure


def feeding_phases(config: Config) -> tuple[int, int]:
    """The steps at which the weight of eqs. (8) and (9) starts to rise, and at which it has risen."""
    steps = config.optim.steps
    risen = np.array([feedback(step, config.losses, steps) for step in range(steps + 1)])
    starts = np.flatnonzero(risen > 0)
    ends = np.flatnonzero(risen >= 1)
    return (max(int(starts[0]) - 1, 0) if len(starts) else steps), (int(ends[0]) if len(ends) else steps)


def _panel(axes: Axes, table: pd.DataFrame, panel: Panel) -> None:
    axes.set_title(panel.title)
    shown = {name: label for name, label in panel.losses.items() if name in table}
    for number, (name, label) in enumerate(shown.items()):
        values = table[name].dropna()
        axes.plot(values.index, values, label=label, color=PALETTE[number], ls=("-", "--", ":")[number % 3])
    if shown:
        axes.set_ylim(0, 1.08 * np.nanmax(table[list(shown)].to_numpy()))
        axes.legend(loc="best", handlelength=1.8)


def shade(axes: Axes, rises: int, risen: int) -> None:
    """Grey behind the warm-up, lighter grey behind the ramp, as `feeding_phases` says."""
    axes.axvspan(0, rises, color=FAINT, alpha=0.22, lw=0, zorder=0)
    axes.axvspan(rises, risen, color=FAINT, alpha=0.10, lw=0, zorder=0)
