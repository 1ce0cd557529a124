"""What lesson 08 draws: labels of composed pictures as bars, both directions of a divergence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from dgnet_lite.show.style import BLUE, INK, LINES, ORANGE, PALETTE, Picture, styled

PARTS = ("person i, the clothes", "person j, the body", "the strongest third", "all others")
COLOURS = (BLUE, ORANGE, PALETTE[4], "#d9d9d9")
HATCHES = ("", "////", "....", "")


def parts_of(q: Tensor, y_i: Tensor, y_j: Tensor) -> np.ndarray:
    """Label rows (B, K) in four parts, (B, 4): to person i, to person j, to the strongest third person, to the rest.

    Where y_i = y_j, the second part is 0.
    """
    rows, rest = torch.arange(len(q)), q.clone()
    i, j = q[rows, y_i], torch.where(y_i == y_j, 0, q[rows, y_j])
    rest[rows, y_i] = rest[rows, y_j] = 0
    third = rest.amax(dim=1)
    return torch.stack([i, j, third, (rest.sum(dim=1) - third).clamp_min(0)], dim=1).numpy()


@styled
def label_bars(
    images: np.ndarray, captions: Sequence[str], labels: Mapping[str, np.ndarray], *, title: str, reading: str
) -> Picture:
    """Pictures, and beneath each a bar for each style of label, from 0 to 1, cut into who gets how much of it.

    Args:
        images: uint8 (N, H, W, 3), six or fewer.
        captions: one a picture, short.
        labels: by style, (N, 4) from `parts_of`.
        title, reading: above all, and beneath.
    """
    figure = Picture(figsize=(8.6, 4.1), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize="medium")
    grid = figure.subplots(2, len(images), gridspec_kw={"height_ratios": (1.75, 1)}, squeeze=False)
    for column, (image, caption) in enumerate(zip(images, captions, strict=True)):
        top, bars = grid[:, column]
        top.imshow(image, interpolation="nearest")
        top.set_title(caption, loc="center")
        top.axis("off")
        for row, parts in enumerate(labels.values()):
            start = 0.0
            for part, colour, hatch, name in zip(parts[column], COLOURS, HATCHES, PARTS, strict=True):
                style = {"color": colour, "hatch": hatch, "ec": "white", "lw": 0}
                bars.barh(row, part, 0.78, start, label=name if row == 0 else None, **style)
                start += part
        bars.set(xlim=(0, 1), ylim=(len(labels) - 0.5, -0.5), xticks=[0, 0.5, 1])
        bars.set_xticklabels(["0", "½", "1"])
        bars.set_yticks(range(len(labels)), list(labels) if column == 0 else [""] * len(labels))
        bars.tick_params(length=0)
        bars.grid(visible=False)
        bars.spines[["left", "bottom"]].set_visible(False)
    handles = grid[1, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, title=reading, title_fontsize=8)
    told = "; ".join(
        f"{caption.replace(chr(10), ' ')}: "
        + ", ".join(f"{name} {parts[k][0]:.2f} to i, {parts[k][1]:.2f} to j" for name, parts in labels.items())
        for k, caption in enumerate(captions)
    )
    figure.alt_text = f"{title}. Bars of label styles beneath pictures. {told}."
    return figure


@styled
def two_directions(
    z: np.ndarray, losses: Mapping[str, np.ndarray], slopes: Mapping[str, np.ndarray], *, best: float, title: str
) -> Picture:
    """Two losses over a student's score, and beside them their slopes.

    Args:
        z: (N,), how much higher the score of the first of two persons is.
        losses, slopes: by name, (N,) each.
        best: the score at which student and teacher agree, drawn as a line.
    """
    figure = Picture(figsize=(8.6, 3.1), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize="medium")
    panels = {"the loss": losses, "its slope by the score: what the student hears": slopes}
    for axes, (name, curves) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        for k, (label, values) in enumerate(curves.items()):
            axes.plot(z, values, LINES[k], color=PALETTE[k], label=label)
        axes.axvline(best, color=INK, lw=1, ls=":")
        axes.set(xlabel="score of person 1 minus score of person 2", title=name)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    ends = "; ".join(f"{name} {values[0]:.2f} at the left end" for name, values in slopes.items())
    figure.alt_text = f"{title}. Two curves of a loss, lowest at the dotted line, and their slopes: {ends}."
    return figure
