"""The results as tables to read, and as dots."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from dgnet_lite.published import TABLE3
from dgnet_lite.rows import ROWS, gains, table
from dgnet_lite.show.style import BLUE, FAINT, GREEN, INK, ORANGE, Picture, styled

PAPER = TABLE3["Market-1501"]

KINDS = dict.fromkeys(("teacher", "one_head", "two_heads", "recoloured"), "baseline") | {"oracle": "oracle"}
COLOURS = {"baseline": ORANGE, "DG-Net": BLUE, "oracle": GREEN}
MARKERS = {"baseline": "s", "DG-Net": "o", "oracle": "D"}

Results = Iterable[dict[str, dict[str, Any]]]


def results_table(results: Results) -> pd.DataFrame:
    """`rows.table` to read: percent, mean ± standard deviation over seeds; the paper's numbers beside it."""
    numbers = table(results)
    shown = pd.DataFrame({"row": numbers["what"]})
    for name in ("Rank@1", "mAP"):
        shown[name] = [spread(m, s) for m, s in zip(numbers[name], numbers[f"{name} sd"], strict=True)]
    shown["seeds"] = numbers["seeds"]
    for k, name in enumerate(("Rank@1", "mAP")):
        shown[f"paper: {name}"] = [f"{PAPER[row][k]:.1f}" if row in PAPER else "" for row in numbers.index]
    return shown.set_index("row")


def gains_table(results: Results) -> pd.DataFrame:
    """`rows.gains` to read: what f_prim with f_fine has over each control, in points of mAP."""
    numbers = gains(results)
    lines = {
        ROWS[row]: {
            "mAP gain": spread(line["mAP gain"], line["sd"], sign="+"),
            "smallest": f"{line['smallest']:+.1f}",
            "seeds": int(line["seeds"]),
        }
        for row, line in numbers.iterrows()
    }
    shown = pd.DataFrame.from_dict(lines, orient="index")
    shown.index.name = "f_prim, f_fine over"
    return shown


def swap_table(scores: dict[str, float]) -> pd.DataFrame:
    """The generated swaps beside the trivial answer, from `study.true_swap_scores`."""
    columns = {
        "PSNR (dB)": ("psnr", ".1f"),
        "SSIM": ("ssim", ".2f"),
        "error inside the clothes": ("clothes_l1", ".3f"),
        "where they change": ("changed_l1", ".3f"),
    }
    lines = {
        label: {column: format(scores[prefix + key], form) for column, (key, form) in columns.items()}
        for label, prefix in (("generated swap", ""), ("x_j unchanged", "copy_"))
    }
    return pd.DataFrame.from_dict(lines, orient="index")


def spread(mean: float, sd: float, *, sign: str = "", form: str = ".1f") -> str:
    """'67.6 ± 1.2', or '67.6' when there is one seed."""
    return format(mean, sign + form) + ("" if np.isnan(sd) else f" ± {sd:{form}}")


@styled
def result_dots(results: Results) -> Picture:
    """Rank@1 and mAP of each row: a small mark a seed, a bar at their mean."""
    results = list(results)
    rows = [row for row in ROWS if any(row in r for r in results)]
    figure = Picture(figsize=(8.4, 1.1 + 0.32 * len(rows)), layout="constrained")
    for axes, (key, name) in zip(
        figure.subplots(1, 2, sharey=True), (("rank1", "Rank@1"), ("mAP", "mAP")), strict=True
    ):
        for y, row in enumerate(rows):
            kind = KINDS.get(row, "DG-Net")
            values = 100 * np.array([r[row][key] for r in results if row in r])
            axes.plot([values.mean()] * 2, [y - 0.3, y + 0.3], color=INK, lw=1.6)
            axes.plot(
                values, np.full(len(values), y), ls="", marker=MARKERS[kind], color=COLOURS[kind], ms=6, alpha=0.75
            )
        axes.set_xlabel(f"{name}, percent")
        axes.set_yticks(range(len(rows)), [ROWS[row] for row in rows])
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_color(FAINT)
        axes.margins(x=0.08)
    axes.invert_yaxis()
    seeds = "one seed" if len(results) == 1 else f"{len(results)} seeds"
    title = f"Re-identification, {seeds}. Squares: baselines. Circles: DG-Net. Diamonds: oracle. Bar: mean."
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=9)
    means = table(results)["mAP"]
    figure.alt_text = (
        "Dot plot of Rank@1 and mAP. Mean mAP: " + ", ".join(f"{ROWS[r]} {means[r]:.1f}" for r in rows) + "."
    )
    return figure
