"""Fig. 7: the worst swaps and the best beside the true pictures, and what the worst have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from dgnet_lite.data.factors import APPEARANCE, sample_outfit
from dgnet_lite.data.load import ReidData
from dgnet_lite.dgnet import DGNet
from dgnet_lite.evaluation.disentangle import sample_swap_pairs
from dgnet_lite.evaluation.failures import failure_rates, swap_errors, worst
from dgnet_lite.progress import progress
from dgnet_lite.show.style import BLUE, FAINT, INK, Picture, styled
from dgnet_lite.show.tiles import tile_table
from dgnet_lite.study import generate

WORST = 0.1
"""Part of the swaps that counts as failed."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Many swaps with their errors.

    x_i, x_j, generated, true: uint8 (N, H, W, 3). errors: as `swap_errors` returns. clothes, worn: what x_i
    and x_j wear, one row a swap.
    """

    x_i: np.ndarray
    x_j: np.ndarray
    generated: np.ndarray
    true: np.ndarray
    errors: pd.DataFrame
    clothes: pd.DataFrame
    worn: pd.DataFrame

    @property
    def outfit(self) -> list[str]:
        """The clothes of x_i in one word."""
        return [repr(row) for row in self.clothes[list(APPEARANCE)].itertuples(index=False, name=None)]

    def rates(self) -> pd.DataFrame:
        """How often swaps fail, by pattern and colour of what x_i wears and by pattern of what x_j wore."""
        judged = self.errors["ratio"].notna().to_numpy()
        clothes, worn_by_j = self.clothes[judged], self.worn[judged]
        factors = {
            "pattern to put on ($x_i$)": clothes["pattern"],
            "pattern to take off ($x_j$)": worn_by_j["pattern"],
            "upper colour to put on ($x_i$)": clothes["upper"],
        }
        failed, outfits = worst(self.errors["ratio"], WORST)[judged], np.array(self.outfit, dtype=object)[judged]
        return failure_rates(factors, failed, outfits)

    def extremes(self, count: int, *, best: bool = False) -> np.ndarray:
        """Rows of the `count` highest ratios, the worst first, or of the lowest."""
        ratio = self.errors["ratio"].to_numpy()
        order = np.argsort(ratio if best else -ratio, kind="stable")
        return order[~np.isnan(ratio[order])][:count]


def judge_swaps(model: DGNet, data: ReidData, count: int = 2000, seed: int = 0) -> Judged:
    """`count` random pairs of test images of different persons, both dressed anew by lot, swapped by G and drawn truly.

    Dressed anew, since the test people of a small Toy Market share few outfits, and what looked like a rare pattern's
    fault could be that of one outfit. Body, pose, place and camera stay.

    Raises ValueError: the data set has no true pictures, as all but Toy Market.
    """
    if data.world is None:
        raise ValueError("failures are found by the true picture, which only Toy Market has: give a run on Toy Market")
    rng, world = np.random.default_rng(seed), data.world
    i, j = sample_swap_pairs(data.index.query.ids, count, rng)
    keys = [world.key(path) for path in data.index.query.paths]
    clothes, worn = ([sample_outfit(rng) for _ in range(count)] for _ in range(2))
    x_i, x_j, true = [], [], []
    for a, b, new, old in progress(list(zip(i, j, clothes, worn, strict=True)), desc="drawing", unit="pair"):
        x_i.append(world.redraw(keys[a], **new))
        x_j.append(world.redraw(keys[b], **old))
        true.append(world.redraw(keys[b], **new))
    images = [np.stack(each) for each in (x_i, x_j, true)]
    generated = generate(model, images[0], images[1])
    errors = swap_errors(generated, images[2], images[1], np.stack([world.clothes_mask(keys[b]) for b in j]))
    return Judged(images[0], images[1], generated, images[2], errors, pd.DataFrame(clothes), pd.DataFrame(worn))


def failure_cases(judged: Judged, *, failures: int = 7, successes: int = 3) -> Picture:
    """Columns: swaps, the best at the left, the worst at the right. Rows: x_i, x_j, G's swap, the true one."""
    bad, good = judged.extremes(failures), judged.extremes(successes, best=True)
    rows, names = [], ("clothes of", "body of", "generated", "true")
    for images in (judged.x_i, judged.x_j, judged.generated, judged.true):
        rows.append([*images[good], None, *images[bad]])
    ratio = judged.errors["ratio"].to_numpy()
    judged_count = int(np.isfinite(ratio).sum())
    return tile_table(
        rows,
        rows=names,
        columns=[*(f"{ratio[k]:.2f}" for k in good), "", *(f"{ratio[k]:.2f}" for k in bad)],
        title=f"The {len(good)} best and the {len(bad)} worst of {judged_count:,} swaps of test people",
        reading="Number: error where the clothes had to change, over that of leaving the picture as it was; 1 is as "
        "bad as doing nothing. All were dressed anew by lot, so that every pattern comes with every colour.",
        zoom=max(1, 128 // judged.x_i.shape[1]),
        apart=(1,),
    )


@styled
def failure_bars(rates: pd.DataFrame, base: float) -> Picture:
    """A panel a factor: how often swaps with each value fail, with counts, beside the rate of all swaps.

    Args:
        rates: as `failure_rates` returns.
        base: the rate of all swaps.
    """
    factors = list(dict.fromkeys(rates.index.get_level_values(0)))
    figure = Picture(figsize=(8.6, 3.5), layout="constrained")
    told = []
    for axes, factor in zip(np.atleast_1d(figure.subplots(1, len(factors))), factors, strict=True):
        table = rates.loc[factor]
        place = np.arange(len(table))
        axes.barh(place, table["rate"], color=BLUE, alpha=0.55, height=0.62)
        axes.hlines(place, table["low"], table["high"], color=INK, lw=1.2)
        axes.axvline(base, color=FAINT, ls="--", lw=1.2)
        rows = zip(table.index, table["failed"], table["swaps"], strict=True)
        between = "\n" if len(table) <= 8 else "  "  # many values: no room for a second line
        axes.set_yticks(place, [f"{value}{between}{failed} of {swaps}" for value, failed, swaps in rows])
        axes.tick_params(axis="y", labelsize=8, length=0)
        axes.set(ylim=(len(table) - 0.5, -0.5), xlim=(0, None))
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.locator_params(axis="x", nbins=4)
        axes.grid(axis="y", visible=False)
        axes.set_title(factor)
        most, least = ((value, table["failed"][value], table["swaps"][value]) for value in table.index[[0, -1]])
        told.append("{}: {} most often, {} of {}, {} least often, {} of {}".format(factor, *most, *least))
    figure.supxlabel(
        f"share among the worst {base:.0%} of the swaps; dashed: if all failed alike; line: 95 %, drawing swaps again",
        size=8,
        color=INK,
    )
    figure.suptitle(
        "Which swaps fail? Share among the worst, by what was worn", x=0.01, ha="left", weight="bold", size=9
    )
    figure.alt_text = f"Share of swaps among the worst {base:.0%} by factor. " + "; ".join(told) + "."
    return figure
