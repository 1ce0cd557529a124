"""How sure a gap between two methods is that were trained a few times: seed by seed, by Student's t.

Both methods of a seed share what the seed decides: the teacher they start from, the batches, the first weights. What
that does to both cancels in their difference. The interval speaks of other seeds of the same data and settings, and of
nothing else; lesson 12's bootstrap speaks of other people under one training.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.stats import t as student


class Gain(NamedTuple):
    """Of the differences: mean, standard deviation (n - 1), standard error, the interval's ends, number of seeds."""

    mean: float
    sd: float
    error: float
    low: float
    high: float
    seeds: int


def paired_gain(new: Mapping[int, float], old: Mapping[int, float], *, level: float = 0.95) -> Gain:
    """`new` minus `old`, seed by seed, over the seeds that both have. With one seed all but the mean is NaN.

    Raises ValueError: no seed in common, or a level that is no share.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; give a share between 0 and 1, as 0.95")
    seeds = sorted(set(new) & set(old))
    if not seeds:
        raise ValueError(f"no seed in common: {sorted(new)} and {sorted(old)}; both must be trained with one seed")
    d = np.array([new[seed] - old[seed] for seed in seeds])
    n, mean = len(d), float(d.mean())
    if n == 1:
        return Gain(mean, np.nan, np.nan, np.nan, np.nan, 1)
    sd = float(d.std(ddof=1))
    half = half_width(sd, n, level=level)
    return Gain(mean, sd, sd / n**0.5, mean - half, mean + half, n)


def half_width(sd: float, seeds: int, *, level: float = 0.95) -> float:
    """Half of the interval around the mean of so many seeds' differences, whose standard deviation is `sd`."""
    if seeds < 2:
        raise ValueError(f"{seeds} seeds have no spread: an interval needs two or more")
    return float(student.ppf(0.5 + level / 2, seeds - 1)) * sd / seeds**0.5


def seeds_needed(gap: float, sd: float, *, level: float = 0.95, most: int = 10_000) -> int:
    """The smallest number of seeds whose interval around a mean of `gap` leaves out 0, if the spread stays `sd`.

    Raises ValueError: a gap of 0, or more than `most` seeds.
    """
    for n in range(2, most + 1):
        if half_width(sd, n, level=level) < abs(gap):
            return n
    raise ValueError(f"a gap of {gap:g} with a spread of {sd:g} is not shown by {most} seeds")


def by_row(results: Mapping[int, Mapping[str, Mapping[str, float]]], key: str = "mAP") -> dict[str, dict[int, float]]:
    """From results by seed and row, as `variants.read` gives them of one variant: percent by row and seed."""
    rows = dict.fromkeys(row for found in results.values() for row, scores in found.items() if key in scores)
    return {row: {seed: 100 * r[row][key] for seed, r in results.items() if row in r} for row in rows}


def gains_over(
    results: Mapping[Any, Mapping[Any, Mapping[str, Any]]], base: str, *, by: Literal["name", "row"] = "name"
) -> dict[str, dict[int, float]]:
    """mAP minus that of `base`, in points, by name and seed; seeds that `base` lacks are left out.

    Args:
        results: with "name", by name and seed, each with "both", as `quality.read` gives them; with "row", by seed and
            row, as `variants.read` gives them of one variant.

    Raises ValueError: there is something, and no `base`.
    """
    if by == "row":
        scores = by_row(results)
    else:
        scores = {name: {seed: 100 * r["both"]["mAP"] for seed, r in seeds.items()} for name, seeds in results.items()}
    if scores and base not in scores:
        raise ValueError(f"no {base!r} among {', '.join(scores)}: there is nothing to compare with")
    return {
        name: {seed: value - scores[base][seed] for seed, value in seeds.items() if seed in scores[base]}
        for name, seeds in scores.items()
    }
