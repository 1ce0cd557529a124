"""A score over the weight of the second feature: at test time for lesson 09, and in training beside it for Fig. 8."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter
from torch import nn

from dgnet_lite.config import LossConfig
from dgnet_lite.data.load import ReidData
from dgnet_lite.evaluation.embed import combine, embed
from dgnet_lite.show.style import FAINT, LINES, MARKERS, PALETTE, Picture, styled
from dgnet_lite.study import match
from dgnet_lite.variants import Results

BETAS = tuple(k / 10 for k in range(21))


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


def over_alpha(results: Results) -> pd.DataFrame | None:
    """What an ablation says of alpha: columns `alpha`, `seed`, "Rank@1" and "mAP", fractions, a row a run.

    Args:
        results: as `variants.read` returns. Its row alpha_X was trained with X, and `full` with the recipe's alpha.

    None where there are no two values of alpha to compare.
    """
    rows = []
    for name, seeds in results.items():
        if name == "full" or name.startswith("alpha_"):
            alpha = LossConfig().alpha if name == "full" else float(name.removeprefix("alpha_"))
            rows += [(alpha, seed, r["both"]["rank1"], r["both"]["mAP"]) for seed, r in seeds.items()]
    table = pd.DataFrame(rows, columns=["alpha", "seed", "Rank@1", "mAP"]).sort_values(["alpha", "seed"])
    return table.reset_index(drop=True) if table["alpha"].nunique() > 1 else None


def collect_beta(E_a: nn.Module, data: ReidData, betas: Sequence[float] = BETAS) -> pd.DataFrame:
    """Rank@1 and mAP of f_prim with f_fine, fractions; index the weight of f_fine."""
    query, gallery = embed(E_a, data.query), embed(E_a, data.gallery)
    found = [match(combine(*query, beta), combine(*gallery, beta), data) for beta in betas]
    return pd.DataFrame({"Rank@1": [r.rank1 for r in found], "mAP": [r.mAP for r in found]}, index=list(betas))


@styled
def alpha_and_beta(alpha: pd.DataFrame | None, beta: pd.DataFrame, *, chosen: tuple[float, float], on: str) -> Picture:
    """Fig. 8. Left: scores over alpha = lambda_fine / lambda_prim in training. Right: over beta at test time.

    Args:
        alpha: columns `alpha`, `seed` and one a score, a row a run; None where nobody trained for it.
        beta: index the weights, ascending; one column a score, the same names. All scores are fractions.
        chosen: the paper's alpha and beta, marked.
        on: what was ranked, for the title.
    """
    figure = Picture(figsize=(8.4, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    told = []
    if alpha is None:
        left.text(0.5, 0.5, "not trained yet", transform=left.transAxes, ha="center", color=FAINT)
        left.set(xticks=[], yticks=[])
    else:
        seeds = alpha.groupby("alpha")["seed"].nunique()
        for k, score in enumerate(beta):
            runs = alpha.groupby("alpha")[score].agg(["mean", "std"])
            style = {"color": PALETTE[k], "ls": LINES[k % len(LINES)], "marker": MARKERS[k], "capsize": 3, "ms": 4}
            left.errorbar(runs.index, runs["mean"], yerr=runs["std"].fillna(0), label=score, **style)
            told.append(f"{score} is highest at alpha {runs['mean'].idxmax():g}")
        left.set_ylabel(f"{on}; bars: sd over {seeds.min()} to {seeds.max()} seeds")
        left.legend(loc="best")
    for k, score in enumerate(beta):
        right.plot(beta.index, beta[score], color=PALETTE[k], ls=LINES[k % len(LINES)], label=score)
        right.plot(beta[score].idxmax(), beta[score].max(), MARKERS[k], color=PALETTE[k], ms=6)
        told.append(f"{score} is highest at beta {beta[score].idxmax():g}, {100 * beta[score].max():.1f} %")
    right.set_ylabel(on)
    right.legend(loc="best")
    names = ("alpha, the weight of eq. (9) in training", "beta, the weight of f_fine at test time")
    for axes, name, value in zip((left, right), names, chosen, strict=True):
        axes.set_title(name)
        axes.set_xlabel(name.split(",")[0])
        if axes is right or alpha is not None:
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.axvline(value, color=FAINT, lw=1, ls=":")
            axes.text(value, 0.02, f" {value:g}: the paper", transform=axes.get_xaxis_transform(), color=FAINT)
    figure.alt_text = f"Scores over alpha and over beta. {'; '.join(told)}."
    return figure
