"""Right answers to the exercises of lesson 14, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

import math
from itertools import count

import numpy as np
from scipy import stats

from dgnet_lite.course.checks.lesson14 import (
    check_choose_alpha,
    check_fair_rivals,
    check_paired,
    check_seeds_needed,
)
from dgnet_lite.course.checks.proof import Proof


def rivals_by_recursion(runs, ours):
    def seen(name):
        run = runs[name]
        return run["steps"] * run["images"] + (seen(run["start"]) if run["start"] else 0)

    return {name: seen(name) for name in runs if name != ours and seen(name) >= seen(ours)}


def rivals_by_loop(runs, ours):
    total = {}
    for name in runs:
        total[name], at = 0, name
        while at is not None:
            total[name] += runs[at]["steps"] * runs[at]["images"]
            at = runs[at]["start"]
    least = total.pop(ours)
    return {name: images for name, images in total.items() if images >= least}


def rivals(depth=99, images=True, own=False, strictly=False, listed=False):
    def answer(runs, ours):
        def seen(name, left):
            run = runs[name]
            here = run["steps"] * (run["images"] if images else 1)
            return here + (seen(run["start"], left - 1) if run["start"] and left else 0)

        total = {name: seen(name, depth) for name in runs}
        found = {
            name: n
            for name, n in total.items()
            if (own or name != ours) and (n > total[ours] if strictly else n >= total[ours])
        }
        return sorted(found) if listed else found

    return answer


def paired_by_array(new, old):
    d = np.array([new[seed] - old[seed] for seed in set(new) & set(old)])
    error = d.std(ddof=1) / np.sqrt(len(d))
    return d.mean(), error, stats.t.ppf(0.975, len(d) - 1) * error


def paired_by_scipy(new, old):
    seeds = [seed for seed in new if seed in old]
    found = stats.ttest_rel([new[s] for s in seeds], [old[s] for s in seeds])
    low, high = found.confidence_interval()
    mean = (low + high) / 2
    return mean, mean / found.statistic, (high - low) / 2


def paired(sign=1, ddof=1, root=True, level=0.975, less=1, normal=False, whole=False, missing=False):
    def answer(new, old):
        d = sign * np.array([new[s] - old[s] for s in (new if missing else old)])
        n = len(d)
        error = d.std(ddof=ddof) / (n**0.5 if root else 1)
        t = 1.96 if normal else stats.t.ppf(level, n - less)
        return d.mean(), error, t * error * (2 if whole else 1)

    return answer


def paired_by_order(new, old):
    d = np.array(list(new.values())[:3]) - np.array(list(old.values()))
    return paired_by_array(dict(enumerate(d)), dict.fromkeys(range(3), 0.0))


def paired_of_means(new, old):
    a, b = np.array([new[s] for s in old]), np.array(list(old.values()))
    error = math.hypot(a.std(ddof=1), b.std(ddof=1)) / len(a) ** 0.5
    return a.mean() - b.mean(), error, 4.302653 * error


def paired_of_all(new, old):
    _, error, half = paired_by_array(new, old)
    return np.mean(list(new.values())) - np.mean(list(old.values())), error, half


def needed_by_loop(gap, sd):
    n = 2
    while stats.t.ppf(0.975, n - 1) * sd / n**0.5 >= abs(gap):
        n += 1
    return n


def needed_by_search(gap, sd):
    n = np.arange(2, 2000)
    return n[stats.t.isf(0.025, n - 1) * sd / np.sqrt(n) < abs(gap)][0]


def needed(t=lambda n: stats.t.ppf(0.975, n - 1), start=2, size=abs, off=0, spread=lambda sd: sd):
    return lambda gap, sd: (
        off + next(n for n in count(start) if not t(n) * spread(sd) / n**0.5 >= size(gap) or n > 10_000)
    )


def alpha_by_max(validation, test):
    means = {alpha: np.mean(list(seeds.values())) for alpha, seeds in validation.items()}
    alpha = max(sorted(means), key=means.get)
    reported = np.array(list(test[alpha].values()))
    return alpha, reported.mean(), reported.std(ddof=1)


def alpha_by_hand(validation, test):
    best = None
    for alpha in sorted(validation):
        mean = sum(validation[alpha].values()) / len(validation[alpha])
        if best is None or mean > best[0]:
            best = mean, alpha
    values = list(test[best[1]].values())
    mean = sum(values) / len(values)
    return best[1], mean, (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5


def alpha(score=np.mean, chooser="validation", reporter="test", report=np.mean, ddof=1, ordered=True):
    def answer(validation, test):
        tables = {"validation": validation, "test": test}
        scores = {a: score(list(seeds.values())) for a, seeds in tables[chooser].items()}
        chosen = max(sorted(scores) if ordered else scores, key=scores.get)
        values = np.array(list(tables[reporter][chosen].values()))
        return chosen, report(values), values.std(ddof=ddof)

    return answer


PROOFS = [
    Proof(
        check_fair_rivals,
        right=[rivals_by_recursion, rivals_by_loop, rivals()],
        wrong=[
            (rivals(depth=0), "started from"),
            (rivals(depth=1), "whole chain"),
            (rivals(images=False), "not steps"),
            (rivals(own=True), "no rival of its own"),
            (rivals(strictly=True), "exactly as many"),
            (rivals(listed=True), "a dictionary"),
        ],
    ),
    Proof(
        check_paired,
        right=[paired_by_array, paired_by_scipy, paired()],
        wrong=[
            (paired(sign=-1), "old minus new"),
            (paired(root=False), "sd / sqrt"),
            (paired(ddof=0), "n - 1"),
            (paired(normal=True), "1.96"),
            (paired(less=0), "degrees of freedom"),
            (paired(level=0.95), "2.5 %"),
            (paired(whole=True), "half"),
            (paired(missing=True), "seed 7"),
            (paired_by_order, "one order"),
            (paired_of_means, "two means"),
            (paired_of_all, "other seeds"),
        ],
    ),
    Proof(
        check_seeds_needed,
        right=[needed_by_loop, needed_by_search, needed()],
        wrong=[
            (needed(t=lambda n: 1.96), "1.96"),
            (needed(t=lambda n: stats.t.ppf(0.975, n)), "degrees of freedom"),
            (needed(t=lambda n: stats.t.ppf(0.95, n - 1)), "2.5 %"),
            (needed(off=1), "first"),
            (needed(size=lambda gap: gap if gap > 0 else np.inf), "abs"),
            (needed(spread=lambda sd: 1.0), "grows with"),
        ],
    ),
    Proof(
        check_choose_alpha,
        right=[alpha_by_max, alpha_by_hand, alpha()],
        wrong=[
            (alpha(score=max), "single run"),
            (alpha(score=sum), "sum"),
            (alpha(chooser="test"), "best test"),
            (alpha(reporter="validation"), "which chose it"),
            (alpha(report=max), "best seed"),
            (alpha(ddof=0), "n - 1"),
            (alpha(ordered=False), "take the smaller"),
        ],
    ),
]
