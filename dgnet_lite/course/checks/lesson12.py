"""Checks of lesson 12: bootstrap over people, paired comparison, balanced accuracy, choosing, first answers, transfer.

Every expected number is worked by hand; the working stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import torch

from dgnet_lite.course.checks.core import exercise, expect, expect_close, expect_equal


@exercise("12.1", "Draw people, not queries")
def check_drawn_means(drawn_means: Callable) -> str:
    """`drawn_means(ap, ids, draws, rng)`: (Q,), (Q,), number, numpy Generator -> (draws,) means."""
    ap, ids = np.array([0.6, 0.0, 0.0, 0.9]), np.array([4, 9, 9, 2])
    got = np.asarray(drawn_means(ap, ids, 3000, np.random.default_rng(0)), dtype=float)
    expect(got.shape == (3000,), f"One mean a draw: expected shape (3000,), got {got.shape}: see hint 3.")
    expect(got.std() > 0, "All draws are alike: draw with replacement: see hint 1.")
    # three people: 4 with AP 0.6; 9 with two queries of 0; 2 with AP 0.9. All 27 draws of three, by hand:
    sums, counts = {4: 0.6, 9: 0.0, 2: 0.9}, {4: 1, 9: 2, 2: 1}
    triples = list(product(sums, repeat=3))
    right = _values(sum(sums[k] for k in t) / sum(counts[k] for k in t) for t in triples)
    mistakes = [
        (_values(np.mean([sums[k] / counts[k] for k in t]) for t in triples), _PEOPLE_ALIKE),
        (_values(sum(sums[k] for k in set(t)) / sum(counts[k] for k in set(t)) for t in triples), _ONCE),
        (_values(np.mean(t) for t in product(ap, repeat=4)), _QUERIES),
        (_values(np.mean(t) for t in product(ap, repeat=3)), _QUERIES),
    ]
    seen = set(got.round(6))
    for values, cause in mistakes:
        expect(not (seen <= values and seen - right), cause)
    expect(seen <= right, "A draw has a mean that no three people give: take all queries of each drawn person: hint 2.")
    expect(seen == right, "Some combination of three people never comes: draw each of the three from all: see hint 1.")
    share = (got.round(6) == 0).mean()  # three times person 9: 1 of 27
    expect(
        abs(share - 1 / 27) < 0.015, f"Person 9 alone came in {share:.1%} of the draws; 1 in 27 are expected: hint 1."
    )
    again = np.asarray(drawn_means(ap, ids, 50, np.random.default_rng(1)), dtype=float)
    same = np.asarray(drawn_means(ap, ids, 50, np.random.default_rng(1)), dtype=float)
    expect(
        np.array_equal(again, same), "The same rng gives other draws: take all random numbers from `rng`: see hint 1."
    )
    return "whole people, with replacement, means over their queries"


_PEOPLE_ALIKE = (
    "Each person counts alike there; mAP is a mean over queries: add up all drawn APs, then divide: see hint 3."
)
_ONCE = "Who is drawn twice must count twice: see hint 2."
_QUERIES = "Single queries were drawn; draw people and take all of their queries: see hint 2."


def _values(numbers: object) -> set[float]:
    return set(np.round([float(number) for number in numbers], 6))


@exercise("12.2", "Query by query")
def check_compare(compare: Callable) -> str:
    """`compare(ap_new, ap_old, times)`: (Q,), (Q,), (draws, Q) -> gain, low, high."""
    old = np.array([0.2, 0.9, 0.5, np.nan])
    new = np.array([0.3, 0.9, 0.7, np.nan])
    # differences 0.1, 0.0, 0.2, none; the draws' means: only 0: 0.1; only 1: 0; only 2: 0.2; 0 twice and 2: 0.4 / 3
    times = np.array([[1, 0, 0, 1], [0, 2, 0, 0], [0, 0, 3, 1], [2, 0, 1, 0]])
    drawn = np.array([0.1, 0.0, 0.2, 0.4 / 3])
    low, high = np.quantile(drawn, [0.025, 0.975])
    got = compare(new, old, times)
    expect(isinstance(got, tuple | list) and len(got) == 3, "Return three numbers: gain, low, high.")
    gain = got[0]
    causes = [
        (lambda v: np.isnan(v).any(), "NaN: the last query has no AP; leave it out, also of the draws: see hint 1."),
        (-0.1, "That is old minus new: see hint 1."),
        (0.3 / 4, "The query without an AP does not count: divide by three: see hint 1."),
        (drawn.mean(), "The gain is that of the test itself, not the mean of the draws: see hint 2."),
    ]
    expect_close(gain, 0.1, "mean difference over the queries that have an AP", causes)
    separate = [np.nansum(times * each, axis=1) / times[:, :3].sum(1) for each in (new, old)]
    apart = np.quantile(separate[0], 0.975) - np.quantile(separate[1], 0.025)
    with_nan_counted = np.nansum(times * (new - old), axis=1) / times.sum(1)
    causes = [
        (lambda v: np.isnan(v).any(), "NaN: leave out of the draws, too, whoever has no AP: see hint 1."),
        (
            np.quantile(with_nan_counted, 0.975),
            "The query without an AP still counts in the draws' numbers: see hint 1.",
        ),
        (apart, "Those are two intervals, one of each feature; take the difference first: see hint 2."),
        (0.1 + 1.96 * drawn.std(ddof=1), "That is 1.96 standard errors; take percentiles of the draws: see hint 3."),
        (0.1 + 1.96 * drawn.std(), "That is 1.96 standard errors; take percentiles of the draws: see hint 3."),
        (np.quantile(drawn, 0.95), "95 % lie between the 2.5th and the 97.5th percentile: see hint 3."),
        (drawn.max(), "That is the largest draw; take a percentile: see hint 3."),
        (low, "The two ends are exchanged."),
    ]
    expect_close(got[2], high, "upper end over four draws", causes)
    expect_close(got[1], low, "lower end over four draws", [(np.quantile(drawn, 0.05), "2.5, not 5 percent: hint 3.")])
    return "the difference first, then the draws"


@exercise("12.3", "Balanced accuracy")
def check_balanced_accuracy(balanced_accuracy: Callable) -> str:
    """`balanced_accuracy(said, true)`: two (N,) of whole numbers -> a share."""
    true = torch.tensor([0, 0, 0, 0, 0, 0, 2, 2, 2, 5])
    said = torch.tensor([0, 0, 0, 0, 0, 2, 2, 0, 0, 3])
    # found of class 0: 5 of 6; of 2: 1 of 3; of 5: 0 of 1. (5/6 + 1/3 + 0) / 3 = 7/18
    causes = [
        (0.6, "That is the plain accuracy: a class of many counts for many. Take each class's own share: see hint 1."),
        (7 / 24, "A class that nobody is, 3, counts as one; go through the classes of `true`: see hint 2."),
        (7 / 6, "That is the sum over classes; take the mean: see hint 3."),
        (7 / 12, "Class 5 was never found; it counts with 0: see hint 2."),
        (7 / 36, "Classes 1, 3 and 4 are not there: go through the classes of `true`: see hint 2."),
        ((5 / 7 + 1 / 2) / 3, _SAID),
    ]
    expect_close(balanced_accuracy(said, true), 7 / 18, "ten pictures of three classes", causes)
    true, said = torch.tensor([0, 0, 1, 1, 1, 1]), torch.tensor([0, 0, 0, 0, 0, 0])
    causes = [(1 / 3, _SAID), (1 / 6, _SAID)]
    expect_close(balanced_accuracy(said, true), 0.5, "always the same answer, two classes", causes)
    return "always the same answer gets 1 / classes"


_SAID = "That is the share among what was *said*; ask among those who *are* of the class: see hint 1."


@exercise("12.4", "The price of choosing")
def check_choose_and_report(choose_and_report: Callable) -> str:
    """`choose_and_report(ap, ids, validation_ids)`: (Q, B), (Q,), (P,) -> column, reported, price."""
    ids = np.array([3, 3, 8, 5, 5, 5])
    ap = np.array([[0.1, 0.5, 0.5], [0.3, 0.7, 0.7], [np.nan] * 3, [0.9, 0.4, 0.2], [0.9, 0.5, 0.4], [0.9, 0.6, 0.6]])
    # people 3 and 8 choose: 0.2, 0.6, 0.6: column 1, the first of the equal ones
    # the others: 0.9, 0.5, 0.4. Reported 0.5; the best there is 0.9: 0.4 more. All together: 0.62, 0.54, 0.48
    got = choose_and_report(ap, ids, np.array([8, 3]))
    expect(isinstance(got, tuple | list) and len(got) == 3, "Return three numbers: column, reported mAP, price.")
    column, reported, price = got
    causes = [
        (0, "Column 0 is best for the test people or for all: only the validation people may choose: see hint 1."),
        (2, "Columns 1 and 2 are equal in validation: take the first; the test breaks no tie: see hint 2."),
    ]
    expect_equal(column, 1, "the column chosen by people 3 and 8", causes)
    causes = [
        (lambda v: np.isnan(v), "NaN: a query without a match has no AP; it does not count: see hint 2."),
        (0.9, "0.9 is the best test mAP, not that of your column: see hint 3."),
        (0.54, "That is over all people; report the others, who chose nothing: see hint 1."),
        (0.6, "That is the mAP on the validation people, who chose it: see hint 3."),
    ]
    if np.ndim(reported) == 0 and abs(float(reported) - 0.5) < 1e-9 and abs(float(price)) < 1e-9:
        expect(False, "Price 0: compare with the best column of the *same* test people: see hint 3.")
    expect_close(reported, 0.5, "mAP to report, over person 5's queries", causes)
    causes = [
        (-0.4, "What choosing on the test would have added is not negative: best minus reported: see hint 3."),
        (0.0, "Price 0: compare with the best column of the *same* test people: see hint 3."),
    ]
    expect_close(price, 0.4, "price", causes)
    worse = np.array([[0.4, 0.6], [0.8, 0.1]])  # validation says column 1 with 0.6, the test says 0.1
    _, reported, price = choose_and_report(worse, np.array([1, 2]), np.array([1]))
    causes = [(0.6, "That is the mAP on the validation people, who chose it: see hint 3.")]
    expect_close(reported, 0.1, "two people who disagree: mAP to report", causes)
    expect_close(price, 0.7, "two people who disagree: price", [])
    return "chosen by some, reported for others"


@exercise("12.5", "What stands first")
def check_first_answers(first_answers: Callable) -> str:
    """`first_answers(scores, same_id, same_camera, same_clothes)`: four (Q, G) -> three shares."""
    scores = torch.tensor([[0.9, 0.7, 0.1], [0.1, 0.8, 0.6], [0.5, 0.6, 0.4], [0.3, 0.2, 0.8], [0.9, 0.1, 0.2]])
    same_id = torch.tensor([[1, 0, 1], [0, 0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 1]]).bool()
    same_camera = torch.tensor([[1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [1, 0, 0]]).bool()
    same_clothes = torch.tensor([[1, 1, 1], [0, 1, 1], [1, 0, 1], [1, 0, 0], [1, 0, 1]]).bool()
    # 0: image 0 is the query's own camera, removed; then 1: wrong, in the same clothes
    # 1: image 1: wrong, same clothes.   2: image 1: wrong, other clothes.   3: image 2: wrong, other clothes
    # 4: image 0 removed; then 2: right.            right 1/5, same clothes 2/5, other 2/5
    got = first_answers(scores, same_id, same_camera, same_clothes)
    expect(isinstance(got, tuple | list) and len(got) == 3, "Return three shares: right, same clothes, other clothes.")
    shares = np.array([float(part) for part in got])
    causes = [
        (2 / 5, "The query's own person in its own camera is removed before anything is ranked: see hint 1."),
        (3 / 5, "The query's own person in its own camera is removed before anything is ranked: see hint 1."),
        (1.0, "That is a count; divide by the queries: see hint 3."),
        (lambda v: v > 1, "That is a count; divide by the queries: see hint 3."),
    ]
    expect_close(shares[0], 1 / 5, "share of right first answers", causes)
    causes = [
        (3 / 5, "Right answers wear the same clothes, too; count among the wrong ones: see hint 2."),
        (1 / 2, "The share is of all queries, not of the wrong ones: see hint 3."),
        (0.0, "Remove where person *and* camera are the query's, not either: see hint 1."),
        (2.0, "That is a count; divide by the queries: see hint 3."),
    ]
    expect_close(shares[1], 2 / 5, "share of wrong ones in the query's clothes", causes)
    expect_close(shares[2], 2 / 5, "share of wrong ones in other clothes", [(1 / 2, causes[1][1])])
    negative = first_answers(scores - 2, same_id, same_camera, same_clothes)
    told = "With scores below 0 the answer is another one: give what is removed -inf, not 0: see hint 1."
    expect_close(
        [float(part) for part in negative], shares, "the same, all scores lowered by 2", [(lambda v: True, told)]
    )
    return "three shares of all queries, which add up to 1"


@exercise("12.6", "Transfer gap")
def check_transfer_gap(transfer_gap: Callable) -> str:
    """`transfer_gap(scores)`: {trained on: {tested on: mAP}} -> {(trained on, tested on): gap}."""
    scores = {"easy": {"easy": 0.9, "hard": 0.3}, "hard": {"easy": 0.6, "hard": 0.5}}
    # on hard, home-grown 0.5, from easy 0.3; on easy, home-grown 0.9, from hard 0.6
    got = transfer_gap(scores)
    expect(isinstance(got, dict), "Return a dictionary with keys (trained on, tested on): see hint 1.")
    expect(("easy", "easy") not in got, "Who was trained on the same set has no gap: leave it out: see hint 1.")
    expect(
        set(got) == {("easy", "hard"), ("hard", "easy")}, f"Keys are (trained on, tested on); got {set(got)}: hint 1."
    )
    own = "That compares two *test sets*, and one is harder. Compare two *models* on the same test: see hint 2."
    causes = [
        (0.6, own),
        (-0.2, "The sign: home-grown minus transferred: see hint 3."),
        (0.3, "The key is (trained on, tested on), not the other way round: see hint 1."),
        (0.4, "That is a share of the home-grown score; give the difference: see hint 3."),
        (0.3 / 0.5, "That is a ratio; give the difference: see hint 3."),
    ]
    expect_close(got["easy", "hard"], 0.2, "trained on easy, tested on hard", causes)
    causes = [(-0.1, own), (0.2, "The key is (trained on, tested on): see hint 1."), (-0.3, causes[1][1])]
    expect_close(got["hard", "easy"], 0.3, "trained on hard, tested on easy", causes)
    return "two models, one test"
