"""What lesson 09 draws: a score over the weight of the second feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from dgnet_lite.show.style import FAINT, LINES, PALETTE, Picture, styled


@styled
def over_beta(
    betas: Sequence[float], curves: Mapping[str, Sequence[float]], what: str, *, mark: float, title: str
) -> Picture:
    """A curve for each name over beta, its highest point marked.

    Args:
        betas: the weights of f_fine, ascending.
        curves: by name, one number a weight.
        what: the numbers, at the axis.
        mark: draws a line at this weight.
    """
    figure = Picture(figsize=(7.2, 3.1), layout="constrained")
    axes = figure.subplots()
    tops = []
    for k, (name, values) in enumerate(curves.items()):
        top = int(np.argmax(values))
        axes.plot(betas, values, color=PALETTE[k], ls=LINES[k % len(LINES)], label=name)
        axes.plot(betas[top], values[top], "o", color=PALETTE[k], ms=7)
        tops.append(f"{name}: {values[0]:.3f} at {betas[0]:g}, highest {values[top]:.3f} at {betas[top]:g}")
    axes.axvline(mark, color=FAINT, lw=1, ls=":")
    axes.text(mark, 1.0, f" {mark:g}: the paper", transform=axes.get_xaxis_transform(), va="top", color=FAINT)
    axes.set_xlabel("beta, the weight of f_fine beside f_prim's 1; dots: highest point")
    axes.set_ylabel(what)
    axes.set_title(title)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    figure.alt_text = f"{title}. {what}. {'; '.join(tops)}."
    return figure
