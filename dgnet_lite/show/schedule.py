"""Eq. (10) as pictures: the weights and the learning rates over a run, and what each loss adds to one step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dgnet_lite.config import Config
from dgnet_lite.schedule import loss_weights, lr_factor, rise_factor
from dgnet_lite.show.style import BLUE, FAINT, LINES, PALETTE, Picture, styled

SHOWN = ("img1", "id_s", "id_c", "adv", "code1", "prim", "fine")


@styled
def schedule_plot(config: Config) -> Picture:
    """The weight of each loss over the steps of a run, by `schedule.loss_weights`."""
    total = config.optim.steps
    steps = np.unique(np.linspace(0, total, 401).round().astype(int))
    weights = [loss_weights(int(step), config.losses, total) for step in steps]
    figure = Picture(figsize=(7.6, 3.0))  # a fixed layout: drawn while a slider moves
    axes = figure.add_axes((0.07, 0.15, 0.745, 0.75))
    for number, name in enumerate(SHOWN):
        values = [w[name] for w in weights]
        axes.plot(steps, values, color=PALETTE[number], ls=LINES[number % len(LINES)], label=f"{name}: {values[-1]:g}")
    axes.set_xlabel("step")
    axes.set_ylabel("weight in eq. (10)")
    axes.set_xlim(0, total)
    axes.set_ylim(bottom=0)
    axes.set_title(f"Eq. (10) over a run of {total:,} steps")
    axes.locator_params(nbins=5)  # each number at an axis costs milliseconds
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title="at the end")
    ends = ", ".join(f"{name} {weights[-1][name]:g}" for name in SHOWN)
    figure.alt_text = f"Weights of the losses over {total:,} steps; at the end {ends}."
    return figure


@styled
def rates_plot(config: Config) -> Picture:
    """The learning rate of each optimizer over the steps of a run, by `schedule.lr_factor` and `rise_factor`."""
    c = config.optim
    steps = np.unique(np.linspace(0, c.steps - 1, 401).round().astype(int))
    fall = np.array([lr_factor(int(step), c, c.steps) for step in steps])
    rise = np.array([rise_factor(int(step), c) for step in steps])
    rates = {
        "E_a, SGD": c.lr_appearance * fall * rise,
        "E_s and G, Adam": c.lr_generator * fall,
        "D, Adam": c.lr_discriminator * fall,
    }
    figure = Picture(figsize=(7.6, 2.6), layout="constrained")
    axes = figure.subplots()
    for number, (name, values) in enumerate(rates.items()):
        label = f"{name}: {values.max():g}"
        axes.plot(steps, values, color=PALETTE[number], ls=LINES[number], lw=2.2 - 0.5 * number, label=label)
    axes.set_yscale("log")
    axes.set_xlim(0, c.steps)
    axes.set_xlabel("step")
    axes.set_ylabel("learning rate")
    axes.set_title(f"Three optimizers over a run of {c.steps:,} steps")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), title="at most")
    ends = "; ".join(
        f"{name} from {values[0]:.2g} over {values.max():.2g} to {values[-1]:.2g}" for name, values in rates.items()
    )
    figure.alt_text = f"Learning rates over {c.steps:,} steps: {ends}."
    return figure


@styled
def shares_of_step(losses: Mapping[str, float], weights: Mapping[str, float], *, title: str) -> Picture:
    """What each loss adds to eq. (10) in one step, as bars; what has no weight is left out.

    Args:
        losses: unweighted, by name.
        weights: of eq. (10), by name.
        title: above all.
    """
    parts = {name: weights[name] * value for name, value in losses.items() if weights.get(name, 0) > 0}
    figure = Picture(figsize=(7.2, 0.27 * len(parts) + 1.0), layout="constrained")
    axes = figure.subplots()
    names = sorted(parts, key=parts.__getitem__)
    bars = axes.barh(names, [parts[name] for name in names], color=BLUE, height=0.65)
    said = [f"{weights[name]:.3g} x {losses[name]:.3g} = {parts[name]:.2f}" for name in names]
    axes.bar_label(bars, said, padding=4, fontsize=7.5)
    axes.set_xlim(0, 1.35 * max(parts.values(), default=1.0))
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("weight x loss")
    axes.axvline(0, color=FAINT, lw=0.8)
    axes.set_title(title)
    total = sum(parts.values())
    figure.alt_text = f"{title}: " + "; ".join(
        f"{name} {text}" for name, text in zip(names[::-1], said[::-1], strict=True)
    )
    figure.alt_text += f"; together {total:.2f}."
    return figure
