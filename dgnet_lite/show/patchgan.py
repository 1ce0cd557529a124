"""What lesson 05 draws: receptive fields, patch maps, the adversarial losses, gradient norms over training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.patches import Rectangle
from torch import Tensor

from dgnet_lite.show.style import FAINT, FONT_SIZE, PALETTE, Picture, styled

REAL_FAKE = "RdBu"
"""Blue: taken for real; red: taken for generated."""


@styled
def receptive_fields(image: np.ndarray, fields: Mapping[str, int], centre: tuple[int, int]) -> Picture:
    """The square that one patch sees, at each scale, on a pedestrian.

    Args:
        image: uint8 (H, W, 3).
        fields: by scale, the side of the square in pixels of the image.
        centre: row and column of the patch in the image.
    """
    height, width = image.shape[:2]
    margin = width // 4
    figure = Picture(figsize=(8.4, 4.4), layout="constrained")
    for k, (axes, (name, side)) in enumerate(zip(figure.subplots(1, len(fields)), fields.items(), strict=True)):
        axes.imshow(image, interpolation="nearest")
        corner = (centre[1] - side / 2, centre[0] - side / 2)
        axes.add_patch(Rectangle(corner, side, side, fill=True, fc=PALETTE[k] + "40", ec=PALETTE[k], lw=2.5))
        axes.plot(centre[1], centre[0], "+", color=PALETTE[k], ms=10, mew=2.5)
        axes.set_xlim(-margin, width + margin)
        axes.set_ylim(height + 4, -4)
        axes.set_title(f"{name}: {side} x {side} pixels", loc="center")
        axes.set_xticks([0, width], ["0", str(width)])
        axes.set_yticks([0, height] if k == 0 else [])
        axes.grid(visible=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
    seen = "; ".join(f"{name} {side} x {side}" for name, side in fields.items())
    figure.alt_text = f"What one patch sees of a {height} x {width} pedestrian: {seen} pixels, drawn as squares."
    return figure


@styled
def patch_answers(images: np.ndarray, maps: Sequence[Tensor], rows: Sequence[str], *, title: str) -> Picture:
    """Images, and beside each what every patch says of it at every scale.

    Args:
        images: uint8 (B, H, W, 3).
        maps: one for each scale, scores before the sigmoid, (B, 1, h, w).
        rows: what the B images are called.
    """
    figure = Picture(figsize=(8.4, 2.15 * len(images) + 0.5), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=FONT_SIZE)
    table = figure.subplots(len(images), 1 + len(maps), squeeze=False)
    means = []
    for row, (axes, image, name) in enumerate(zip(table, images, rows, strict=True)):
        axes[0].imshow(image, interpolation="nearest")
        axes[0].set_ylabel(name)
        for panel, scores in zip(axes[1:], maps, strict=True):
            real = scores[row, 0].detach().sigmoid()
            shown = panel.imshow(real.numpy(), cmap=REAL_FAKE, vmin=0, vmax=1, interpolation="nearest")
            size = "{} x {}".format(*real.shape)
            panel.set_title(f"{size}, mean {real.mean():.2f}", loc="center", weight="normal")
            means.append(f"{name}, {size}: {real.mean():.2f}")
        for panel in axes:
            panel.set_xticks([])
            panel.set_yticks([])
            panel.grid(visible=False)
            panel.spines[:].set_visible(False)
    bar = figure.colorbar(shown, ax=table, ticks=[0, 0.5, 1], fraction=0.025, pad=0.02)
    bar.ax.set_yticklabels(["generated", "unsure", "real"])
    bar.outline.set_visible(False)
    figure.alt_text = (
        f"{title}: images and D's answer for each patch, 0 (generated) to 1 (real). Means: {'; '.join(means)}."
    )
    return figure


@styled
def losses_of_a_score(losses: Mapping[str, Callable[[Tensor], Tensor]], *, title: str) -> Picture:
    """Each loss of one patch, and its slope, against the patch's score before the sigmoid.

    Args:
        losses: by name, from scores to losses, element by element.
    """
    figure = Picture(figsize=(8.4, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    for k, (name, loss) in enumerate(losses.items()):
        score = torch.linspace(-4, 4, 161, requires_grad=True)
        value = loss(score)
        (slope,) = torch.autograd.grad(value.sum(), score)
        style = {"color": PALETTE[k], "ls": ("-", "--", ":", "-.")[k % 4], "lw": 2, "label": name}
        left.plot(score.detach(), value.detach(), **style)
        right.plot(score.detach(), slope, **style)
    left.set_title(f"{title}: the loss")
    right.set_title("its slope: how hard it pulls")
    left.set_ylim(-4.2, 6)
    right.set_ylim(-3, 3)
    for axes in (left, right):
        axes.axhline(0, color=FAINT, lw=0.8, zorder=0)
        axes.set_xlabel("score of a patch (0: D is unsure)")
    left.legend(loc="best")
    figure.alt_text = f"{title}: {', '.join(losses)} against the score of a patch from -4 to 4, and their slopes."
    return figure


@styled
def gradient_norms(
    curves: Mapping[str, Sequence[float]], every: int, *, losses: Mapping[str, Sequence[float]]
) -> Picture:
    """How steep D is at real images, and its loss, over training.

    Args:
        curves: by name, the mean squared gradient norm, measured after each `every`-th step; logarithmic axis.
        losses: by the same names, D's loss at each step.
    """
    figure = Picture(figsize=(8.4, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    for k, (name, values) in enumerate(curves.items()):
        style = {"color": PALETTE[k], "ls": ("-", "--", ":", "-.")[k % 4], "label": name}
        left.plot(every * np.arange(1, len(values) + 1), values, marker="osD^"[k % 4], ms=3, **style)
        right.plot(losses[name], **style)
    left.set_yscale("log")
    left.set_ylim(bottom=0.01)
    left.set_title("|gradient of D|² at real images")
    right.set_title("loss of D")
    for axes in (left, right):
        axes.set_xlabel("step")
    right.legend(loc="best")
    ends = ", ".join(f"{name} {values[-1]:.3g}" for name, values in curves.items())
    figure.alt_text = f"Squared gradient norm of D at real images over training, and D's loss. At the end: {ends}."
    return figure
