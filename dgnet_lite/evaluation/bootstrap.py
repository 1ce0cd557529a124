"""How sure a mean over queries is: draw the test again by lot, person by person, and see how far the mean moves.

The queries of one person are no independent trials. They show one body in one outfit against one gallery: who is hard
to find once is hard to find again. So whole persons are drawn, with all their queries. What the interval speaks of is
other people in this test. Other cameras, another training, another gallery may move the mean by more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

DRAWS = 2000


class Interval(NamedTuple):
    """A mean, the ends of the interval around it, and its standard error (deviation of the draws)."""

    mean: float
    low: float
    high: float
    error: float


def bootstrap_means(values: np.ndarray, groups: np.ndarray, *, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Means over the queries of as many groups as there are, drawn with replacement.

    Args:
        values: (Q,) or (Q, k), one number a query, or k of them which are drawn together; NaN does not count.
        groups: (Q,), whom a query belongs to. All queries of a group are drawn together; for a bootstrap over single
            queries give `np.arange(Q)`.
        draws: how many tests are drawn.
        seed: of the draws: the same groups and seed draw the same people, whatever the values are.

    Returns: (draws,) or (draws, k).

    Raises ValueError: shapes do not fit, or fewer than two groups have a value.
    """
    values, groups = np.asarray(values, dtype=np.float64), np.asarray(groups)
    if values.ndim not in (1, 2) or groups.shape != values.shape[:1]:
        raise ValueError(f"values (Q,) or (Q, k) and groups (Q,) do not fit: {values.shape} and {groups.shape}")
    table = values.reshape(len(values), -1)
    counted = ~np.isnan(table)
    kept = counted.any(axis=1)
    names, group = np.unique(groups[kept], return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{len(names)} groups have a value; with fewer than two there is nothing to draw from")
    sums, counts = np.zeros((2, len(names), table.shape[1]))
    np.add.at(sums, group, np.where(counted, table, 0)[kept])
    np.add.at(counts, group, counted[kept])
    times = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    return ((times @ sums) / (times @ counts)).reshape(draws, *values.shape[1:])


def interval(
    values: np.ndarray, groups: np.ndarray, *, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Mean of (Q,) values and the interval that holds `level` of the bootstrap means (percentiles).

    For two rankings of the same queries give the differences, query by query: what both find hard then cancels.
    Raises what `bootstrap_means` raises, and ValueError for a level outside 0..1 or values that are not (Q,).
    """
    if np.ndim(values) != 1 or not 0 < level < 1:
        raise ValueError(f"values must be (Q,) and level between 0 and 1; got {np.shape(values)} and {level}")
    means = bootstrap_means(values, groups, draws=draws, seed=seed)
    low, high = np.nanquantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(np.nanmean(values)), float(low), float(high), float(np.nanstd(means, ddof=1)))
