"""Which swaps fail, by the true picture, and what the failing ones have in common. Source: Fig. 7, done by counting.

A swap is judged where it had to change something: inside the clothes, on the pixels at which the true swap differs
visibly from x_j. There the error of "return x_j unchanged" is large by construction, so the error relative to it is 0
for a perfect swap, 1 for one that changed nothing, and more for one that made it worse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from dgnet_lite.evaluation.disentangle import VISIBLE, clothes_l1
from dgnet_lite.evaluation.realism import Images, as_image_batch

Column = Sequence[object] | np.ndarray | pd.Series
ENOUGH = 0.25
"""Share of the garments' pixels that must change for a swap to be judged: of white shirts on white shirts, a few
pixels at the border would decide."""


def swap_errors(generated: Images, true: Images, copied: Images, clothes: np.ndarray | Tensor) -> pd.DataFrame:
    """One row a swap: `error` and `copy_error` in 0..1 on the pixels that had to change, and `ratio` of the two.

    Args:
        generated, true, copied: x_j^i, the true swap, and x_j, uint8 (N, H, W, 3) each.
        clothes: bool (N, H, W), the garments.

    `changed` is the share of the garments' pixels that had to change; below `ENOUGH` the other columns are NaN.
    Raises TypeError, ValueError: as `disentangle.clothes_l1`, or no swap has enough to change.
    """
    difference = (as_image_batch(copied, "copied").short() - as_image_batch(true, "true").short()).abs()
    clothes = torch.as_tensor(clothes)
    changed = clothes & (difference.amax(dim=-1) > VISIBLE)
    share = changed.sum(dim=(1, 2)) / clothes.sum(dim=(1, 2)).clamp(min=1)
    judged = share >= ENOUGH
    if not judged.any():
        raise ValueError("no swap has enough to change: give pairs of people in different clothes")
    mask = changed & judged[:, None, None]
    error, copy_error = clothes_l1(generated, true, mask), clothes_l1(copied, true, mask)
    table = {"changed": share, "error": error, "copy_error": copy_error, "ratio": error / copy_error}
    return pd.DataFrame({name: values.cpu().numpy() for name, values in table.items()})


def worst(ratio: Column, share: float = 0.1) -> np.ndarray:
    """Bool (N,): whether a swap is among the `share` of the judged ones with the highest ratio. NaN never is."""
    if not 0 < share < 1:
        raise ValueError(f"share is the part of the swaps that counts as failed, between 0 and 1; got {share}")
    ratio = np.asarray(ratio, dtype=float)
    return ratio >= np.nanquantile(ratio, 1 - share)


def failure_rates(factors: Mapping[str, Column], failed: Column, groups: Column, *, draws: int = 1000) -> pd.DataFrame:
    """How often swaps with each value of each factor fail.

    Args:
        factors: by name, the value of each swap.
        failed: of each swap.
        groups: what each swap must not be counted alone for, such as the outfit: all swaps of one outfit look alike.
        draws: of the bootstrap over groups.

    Returns: index (factor, value), factors in the order given, values by falling rate; columns `failed`, `swaps` and
    `groups`, the counts, `rate`, and `low` and `high`, its 95 % interval under drawing the groups again; NaN where
    there are fewer than three groups, of which nobody can say how much the next one would differ.
    Raises ValueError: the lengths differ.
    """
    failed, members = np.asarray(failed, dtype=bool), pd.factorize(pd.Series(list(groups), dtype=object))[0]
    rng, rows = np.random.default_rng(0), []
    for factor, values in factors.items():
        values = pd.Series(list(values), dtype=object)
        if not len(values) == len(failed) == len(members):
            raise ValueError(f"{factor}: {len(values)} values, {len(failed)} swaps and {len(members)} groups differ")
        rates = []
        for value in pd.unique(values):
            rows_of = np.flatnonzero(values == value)
            _, group = np.unique(members[rows_of], return_inverse=True)
            total, count = np.bincount(group), np.bincount(group, weights=failed[rows_of])
            times = rng.multinomial(len(total), np.full(len(total), 1 / len(total)), size=draws)
            drawn = (times @ count) / (times @ total)
            low, high = np.quantile(drawn, [0.025, 0.975]) if len(total) >= 3 else (np.nan, np.nan)
            rate = count.sum() / total.sum()
            rates.append((factor, value, int(count.sum()), int(total.sum()), len(total), rate, low, high))
        rows += sorted(rates, key=lambda row: -row[5])
    columns = ["factor", "value", "failed", "swaps", "groups", "rate", "low", "high"]
    return pd.DataFrame(rows, columns=columns).set_index(["factor", "value"])
