"""Checks of lesson 14: equal budgets, gains seed by seed, how many seeds, a setting chosen over seeds.

Every expected number is worked by hand; the working stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from dgnet_lite.course.checks.core import exercise, expect, expect_close, expect_equal


@exercise("14.1", "Equal budgets")
def check_fair_rivals(fair_rivals: Callable) -> str:
    """`fair_rivals(runs, ours)`: {name: {"start", "steps", "images"}}, a name -> {name: real images seen}."""
    runs = {
        "teacher": {"start": None, "steps": 100, "images": 32},
        "ours": {"start": "teacher", "steps": 50, "images": 32},
        "longer": {"start": "teacher", "steps": 50, "images": 48},
        "scratch": {"start": None, "steps": 150, "images": 32},
        "in turn": {"start": "half", "steps": 20, "images": 64},
        "half": {"start": "teacher", "steps": 25, "images": 32},
        "many steps": {"start": None, "steps": 400, "images": 8},
    }
    # teacher 100 x 32 = 3200; ours 3200 + 50 x 32 = 4800; longer 3200 + 2400 = 5600; scratch 150 x 32 = 4800;
    # half 3200 + 800 = 4000; in turn 4000 + 20 x 64 = 5280; many steps 400 x 8 = 3200
    got = fair_rivals(runs, "ours")
    expect(isinstance(got, dict), "Return a dictionary: name and how many real images it has seen.")
    expect("ours" not in got, "A run is no rival of its own: leave `ours` out: see hint 3.")
    names = {
        frozenset(("teacher", "longer", "scratch", "many steps")): _START,
        frozenset(("teacher", "longer", "scratch")): _START,
        frozenset(("longer", "in turn")): "'scratch' has seen exactly as many as ours: that is enough: see hint 3.",
        frozenset(("longer", "scratch")): "'in turn' starts from 'half', which starts from 'teacher': add up the whole "
        "chain, not one link: see hint 2.",
        frozenset(("longer", "scratch", "many steps")): "Count images, steps times images a step, not steps: hint 1.",
        frozenset(("scratch", "many steps")): "Count images, steps times images a step, not steps: see hint 1.",
    }
    wanted = {"longer": 5600, "scratch": 4800, "in turn": 5280}
    if set(got) != set(wanted):
        cause = names.get(frozenset(got), "Rivals are those that saw at least as many real images as ours: see hint 3.")
        expect(False, f"Fair rivals: got {sorted(got)}; expected {sorted(wanted)}. {cause}")
    for name, count in wanted.items():
        expect_equal(got[name], count, f"real images seen by {name!r}", [(count - 3200, _START), (2080, _CHAIN)])
    runs = {"a": {"start": None, "steps": 10, "images": 2}, "b": {"start": "a", "steps": 5, "images": 2}}
    expect_equal(fair_rivals(runs, "b"), {}, "no rival had as much as 'b': the answer is an empty dictionary")
    return "the whole chain of starts counts"


_START = "What a run started from was trained, too: its images count: see hint 2."
_CHAIN = "Add up the whole chain of starts, not one link: see hint 2."


@exercise("14.2", "Seed by seed")
def check_paired(paired: Callable) -> str:
    """`paired(new, old)`: {seed: mAP} twice -> mean, standard error, half width of the 95 % interval."""
    new = {0: 71.0, 1: 83.0, 2: 92.0, 7: 99.0}
    old = {2: 90.0, 0: 70.0, 1: 80.0}
    # seeds 0, 1, 2: differences 1, 3, 2; mean 2; deviation sqrt((1 + 1 + 0) / 2) = 1; error 1 / sqrt(3) = 0.57735
    # Student's t with 2 degrees of freedom: 4.30265; half width 2.48414
    try:
        got = paired(new, old)
    except KeyError as error:
        expect(False, f"KeyError {error}: seed 7 was trained with one method only; take the seeds both have: hint 1.")
    expect(isinstance(got, tuple | list) and len(got) == 3, "Return three numbers: mean, standard error, half width.")
    mean, error, half = got
    causes = [
        (-2, "That is old minus new: see hint 1."),
        (345 / 4 - 80, "That is the difference of two means over other seeds: take the seeds both have: see hint 1."),
    ]
    expect_close(mean, 2.0, "mean difference over seeds 0, 1, 2", causes)
    causes = [
        (1.0, "That is the standard deviation; the error of a mean of n is sd / sqrt(n): see hint 2."),
        ((2 / 3) ** 0.5 / 3**0.5, "The deviation divides by n - 1: `ddof=1`: see hint 2."),
        ((2 / 3) ** 0.5, "That is a standard deviation with n; take n - 1, and divide by sqrt(n): see hint 2."),
        (1 / 3, "Divide by the root of n, not by n: see hint 2."),
        (331**0.5 / 3**0.5, "The seeds are not in one order in both dictionaries: look them up: see hint 1."),
        (lambda v: v > 4, "That is the error of two means; take the difference seed by seed first: see hint 1."),
    ]
    expect_close(error, 0.5773503, "standard error", causes)
    causes = [
        (1.96 * 0.5773503, "1.96 is for many seeds; with three take Student's t with 2 degrees of freedom: hint 3."),
        (3.182446 * 0.5773503, "n differences leave n - 1 degrees of freedom: see hint 3."),
        (2.919986 * 0.5773503, "95 % inside leaves 2.5 % at each end: `t.ppf(0.975, ...)`: see hint 3."),
        (2 * 2.484138, "That is the whole interval; return half of it: see hint 3."),
        (4.302653, "Multiply by the standard error: see hint 3."),
    ]
    expect_close(half, 2.484138, "half width", causes)
    return "what a seed does to both cancels"


@exercise("14.3", "How many seeds?")
def check_seeds_needed(seeds_needed: Callable) -> str:
    """`seeds_needed(gap, sd)`: points, points -> a number of seeds."""
    # t(n - 1) / sqrt(n): n = 6: 2.5706 / 2.4495 = 1.049; n = 7: 2.4469 / 2.6458 = 0.925: the first below 1
    causes = [
        (4, "That is with 1.96, as for many seeds; take Student's t, which depends on n: see hint 1."),
        (6, "n seeds leave n - 1 degrees of freedom: see hint 1."),
        (5, "95 % inside leaves 2.5 % at each end: `t.ppf(0.975, ...)`: see hint 1."),
        (8, "The *first* n whose half width is below the gap: see hint 2."),
        (lambda v: v > 100, "Divide by the root of n: the mean of n is surer than one: see hint 1."),
    ]
    expect_equal(seeds_needed(1.0, 1.0), 7, "a gap as large as the spread", causes)
    causes = [(lambda v: v == 2 or v == 1, "A negative gap is a gap: compare with its size, `abs(gap)`: see hint 3.")]
    expect_equal(seeds_needed(-1.0, 1.0), 7, "the same, downwards", causes)
    # n = 2: 12.706 / 1.4142 = 8.98; n = 3: 4.3027 / 1.7321 = 2.48
    expect_equal(seeds_needed(3.0, 1.0), 3, "a gap of three spreads", [(2, "With two seeds t is 12.7: see hint 1.")])
    expect_equal(
        seeds_needed(10.0, 1.0), 2, "a gap of ten spreads", [(1, "One seed has no spread: start at 2: hint 2.")]
    )
    expect_equal(seeds_needed(2.0, 2.0), 7, "both twice as large", [(4, "The half width grows with `sd`: see hint 1.")])
    return "two seeds only for what needs no statistics"


@exercise("14.4", "Choose on validation, over seeds")
def check_choose_alpha(choose_alpha: Callable) -> str:
    """`choose_alpha(validation, test)`: {alpha: {seed: mAP}} twice -> alpha, mean, standard deviation."""
    validation = {
        0.0: {0: 70.0, 1: 74.0},
        0.2: {0: 73.0, 1: 73.0, 2: 73.0},
        0.5: {0: 80.0, 1: 64.0, 2: 72.0},
        1.0: {0: 75.0, 2: 74.0},
    }
    test = {0.0: {0: 69.0, 1: 71.0}, 0.2: {0: 70.0, 1: 72.0, 2: 74.0}, 0.5: {0: 76.0, 1: 75.0, 2: 74.0}}
    test[1.0] = {0: 71.0, 2: 74.0}
    # means in validation 72, 73, 72, 74.5: alpha 1; its test 71 and 74: mean 72.5, deviation sqrt(2 x 1.5^2) = 2.1213
    got = choose_alpha(validation, test)
    expect(isinstance(got, tuple | list) and len(got) == 3, "Return three numbers: alpha, mean, standard deviation.")
    alpha, mean, sd = got
    causes = [
        (0.5, "0.5 has the best single run, 80, and the best test. Choose by the *mean* in validation: see hint 1."),
        (0.2, "0.2 has three seeds, so the largest *sum*; take means: see hint 1."),
    ]
    expect_equal(alpha, 1.0, "the alpha that validation chooses", causes)
    causes = [
        (74.5, "That is the mean in validation, which chose it; report the test: see hint 2."),
        (74.0, "That is the best seed of the test; report the mean over seeds: see hint 2."),
        (75.0, "That is the best mean of the test; report the alpha that validation chose: see hint 2."),
    ]
    expect_close(mean, 72.5, "mean on the test at that alpha", causes)
    causes = [
        (1.5, "Divide by n - 1: `ddof=1`: see hint 3."),
        (4.5, "That is the variance: take its root: see hint 3."),
    ]
    expect_close(sd, 4.5**0.5, "standard deviation over its seeds", causes)
    validation = {0.5: {0: 70.0, 1: 72.0}, 0.1: {0: 72.0, 1: 70.0}, 0.3: {0: 60.0, 1: 60.0}}
    test = {0.5: {0: 90.0, 1: 90.0}, 0.1: {0: 50.0, 1: 52.0}, 0.3: {0: 50.0, 1: 50.0}}
    causes = [(0.5, "0.1 and 0.5 are equal in validation: take the smaller; the test breaks no tie: see hint 1.")]
    expect_equal(choose_alpha(validation, test)[0], 0.1, "two alphas are equal in validation", causes)
    return "the mean over seeds chooses; the test only reports"
