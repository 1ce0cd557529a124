"""The Dirac-GAN: two numbers that play against each other, drawn as a phase portrait."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from dgnet_lite.show.style import FAINT, GREEN, INK, PALETTE, VERMILION, Picture, styled

Field = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@styled
def phase_portraits(fields: Mapping[str, Field], paths: Mapping[str, Sequence[tuple[float, float]]]) -> Picture:
    """Where (theta, psi) moves from every place, and one path of steps from its start.

    Args:
        fields: by title, from arrays theta, psi to their rates of change.
        paths: by the same titles, the points (theta, psi) passed.
    """
    figure = Picture(figsize=(8.4, 2.5), layout="constrained")
    panels = figure.subplots(1, len(fields), sharex=True, sharey=True, squeeze=False)[0]
    reach = 2.0
    theta, psi = np.meshgrid(np.linspace(-reach, reach, 15), np.linspace(-reach, reach, 15))
    for panel, (title, field) in zip(panels, fields.items(), strict=True):
        u, v = (np.asarray(part) for part in field(theta, psi))
        speed = np.hypot(u, v) + 1e-9
        panel.quiver(theta, psi, u / speed, v / speed, color=FAINT, alpha=0.55, scale=20, width=0.006, pivot="mid")
        path = np.asarray(paths[title])
        panel.plot(path[:, 0], path[:, 1], color=PALETTE[0], lw=1.4)
        panel.plot(*path[0], "o", color=PALETTE[1], ms=6, label="start")
        panel.plot(*path[-1], "s", color=VERMILION, ms=6, label="end")
        panel.plot(0, 0, "+", color=INK, ms=11, mew=1.8, label="equilibrium")
        panel.set_title(title)
        panel.set_xlabel("θ, what G makes")
        panel.set_aspect("equal")
        panel.set_xlim(-reach, reach)
        panel.set_ylim(-reach, reach)
        panel.grid(visible=False)
    panels[0].set_ylabel("ψ, the slope of D")
    panels[-1].legend(loc="upper right", handlelength=0.8, borderpad=0.1, labelspacing=0.2)
    far = {title: np.hypot(*np.asarray(paths[title]).T) for title in fields}
    ends = "; ".join(f"{title}: from distance {d[0]:.2f} to {d[-1]:.2f}" for title, d in far.items())
    figure.alt_text = f"Phase portraits of the Dirac-GAN with one path each, and its distance from equilibrium. {ends}."
    return figure


@styled
def distances(paths: Mapping[str, Sequence[tuple[float, float]]], *, title: str) -> Picture:
    """How far from equilibrium each path is, step by step; logarithmic axis."""
    figure = Picture(figsize=(8.4, 2.8), layout="constrained")
    axes = figure.subplots()
    ends = []
    for k, (name, path) in enumerate(paths.items()):
        far = np.hypot(*np.asarray(path).T)
        axes.plot(far, color=PALETTE[k], ls=("-", "--", ":", "-.")[k % 4], label=name)
        ends.append(f"{name} {far[-1]:.2g}")
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("distance from (0, 0)")
    axes.set_title(title)
    axes.legend(loc="best")
    figure.alt_text = f"{title}. Distance from equilibrium over the steps; at the end: {', '.join(ends)}."
    return figure


@styled
def eigenvalue_plane(c: Sequence[float], eigenvalues: np.ndarray) -> Picture:
    """The eigenvalues of the field at its equilibrium, for each strength of punishment.

    Args:
        c: N strengths.
        eigenvalues: complex (N, 2), in any order.
    """
    eigenvalues = np.sort_complex(eigenvalues)
    figure = Picture(figsize=(8.4, 2.9), layout="constrained")
    plane, rate = figure.subplots(1, 2)
    colours = [PALETTE[0], PALETTE[1]]
    for k in range(2):
        plane.plot(eigenvalues[:, k].real, eigenvalues[:, k].imag, "o-", ms=3.5, lw=1, color=colours[k])
    _half_plane(plane)
    plane.set_title("both eigenvalues, c from 0 to 1")
    plane.set_xlabel("real part: negative means that it comes closer")
    plane.set_ylabel("imaginary part: it circles")
    rate.plot(c, -eigenvalues.real.max(axis=1), color=PALETTE[2], lw=2)
    rate.axvline(0.5, color=FAINT, ls="--")
    rate.text(0.52, 0.02, "c = 1/2", color=INK)
    rate.set_title("how fast it comes closer")
    rate.set_xlabel("strength c of the punishment")
    rate.set_ylabel("- largest real part")
    best = c[int(np.argmin(eigenvalues.real.max(axis=1)))]
    figure.alt_text = (
        "Eigenvalues of the Dirac-GAN at its equilibrium: on the imaginary axis without punishment, then to the left. "
        f"It comes closer fastest at c = {best:.2f}."
    )
    return figure


def _half_plane(axes: Axes) -> None:
    axes.axvline(0, color=INK, lw=0.8)
    low, _ = axes.get_xlim()
    axes.axvspan(low, 0, color=GREEN, alpha=0.10, lw=0)
    axes.set_xlim(low, 0.12)
