"""Checks of lesson 09: eq. (9), the classes of all swaps, both losses, the joined feature, same outfits, beta.

Every expected number is worked by hand; the working stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from dgnet_lite.course.checks.core import exercise, expect, expect_close, expect_equal


@exercise("09.1", "Eq. (9)")
def check_fine_grained(fine_grained: Callable) -> str:
    """`fine_grained(logits, y_i, y_j)`: (B, K), (B,), (B,) -> scalar."""
    p = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])
    y_i, y_j = torch.tensor([0, 2]), torch.tensor([1, 0])
    # p of j: 1/4 and 1/10, so (ln 4 + ln 10) / 2; p of i: 1/2 and 4/5
    want = (math.log(4) + math.log(10)) / 2
    causes = [
        ((math.log(2) + math.log(1.25)) / 2, "That is the class of i, who gave the clothes: see hint 1."),
        (2 * want, "That is the sum over the batch; take the mean: see hint 3."),
        (want / math.log(10), "That is the logarithm to base 10; take the natural one."),
        (-(0.25 + 0.1) / 2, "The logarithm is missing: see hint 2."),
        (lambda v: v.shape == (2,), "That is one number an image: take the mean over the batch: see hint 3."),
        (lambda v: abs(v - _without_softmax(p.log() + 3, y_j)) < 1e-4, "The softmax is missing: see hint 2."),
    ]
    expect_close(fine_grained(p.log() + 3, y_i, y_j), want, "two swaps, three people", causes)
    huge = torch.tensor([[1000.0, 0.0]])
    causes = [(lambda v: not np.isfinite(v), "The exponential of 1000 is infinite: use log_softmax: see hint 2.")]
    got = fine_grained(huge, torch.tensor([0]), torch.tensor([1]))
    expect_close(got, 1000.0, "scores of 1000 and 0, j is the second", causes)
    return "the class of j, by hand and for large scores"


def _without_softmax(z: torch.Tensor, y: torch.Tensor) -> float:
    return -z[torch.arange(len(y)), y].mean().item()


@exercise("09.2", "All swaps of a batch")
def check_all_swaps(all_swaps: Callable) -> str:
    """`all_swaps(y)`: (N,) -> i, j, label, each (M,)."""
    y = torch.tensor([7, 4, 7])  # pictures 0 and 2 show one person
    i, j, label = (torch.as_tensor(part).flatten().tolist() for part in all_swaps(y))
    pairs = list(zip(i, j, strict=False))
    expect(len(i) == len(j) == len(label), "i, j and label must have one entry a swap each.")
    expect(not any(a == b for a, b in pairs), "A picture is swapped with itself: leave out i = j: see hint 1.")
    itself = {(0, 2), (2, 0)} & set(pairs)
    expect(not itself, "Pictures 0 and 2 show one person, so nothing is swapped: y_i and y_j must differ: see hint 1.")
    expect(len(set(pairs)) == len(pairs), "Some swap is there twice.")
    # i, j of different people: (0, 1), (1, 0), (1, 2), (2, 1)
    told = "Each of the two comes in both roles, so that there are four swaps here: see hint 2."
    expect(len(pairs) >= 4, f"{len(pairs)} swaps. {told}")
    expect_equal(set(pairs), {(0, 1), (1, 0), (1, 2), (2, 1)}, "the pairs (i, j) of labels 7, 4, 7")
    by_j = [y[b].item() for _, b in pairs]
    if label == [y[a].item() for a, _ in pairs]:
        expect(False, "The label is that of i; eq. (9) takes the one who gave the structure, j: see hint 3.")
    expect(label != [b for _, b in pairs], "The label is the row of j; it must be j's identity, y[j]: see hint 3.")
    expect_equal(label, by_j, "the labels")
    return "four swaps of three pictures, each in the class of its body"


@exercise("09.3", "Both losses on one picture")
def check_feedback(feedback: Callable) -> str:
    """`feedback(logits_prim, logits_fine, q, y_j, lambda_prim, alpha)`: -> scalar that gradients flow from."""
    prim = torch.zeros(1, 2, requires_grad=True)  # p = 1/2, 1/2
    fine = torch.tensor([[0.8, 0.2]]).log().requires_grad_()
    q, y_j = torch.tensor([[1.0, 0.0]]), torch.tensor([1])
    # KL(q || p) = ln 2; -ln p(y_j) = ln 5
    kl, ce = math.log(2), math.log(5)
    want = 2 * kl + 0.4 * ce
    causes = [
        (2 * kl + 0.2 * ce, "alpha is the share of lambda_prim: lambda_fine = alpha * lambda_prim: see hint 2."),
        (0.4 * kl + 2 * ce, "The two weights are exchanged: alpha belongs to the fine loss: see hint 2."),
        (2 * kl + 2 * ce, "alpha is missing: see hint 2."),
        (kl + 0.2 * ce, "lambda_prim is missing: see hint 2."),
        (kl + ce, "Both weights are missing: see hint 2."),
        (2 * ce + 0.4 * ce, "Eq. (8) takes the teacher's q and the primary scores: see hint 1."),
        (2 * kl + 0.4 * kl, "The fine loss reads the primary scores: each head has its own: see hint 1."),
        (2 * kl + 0.4 * math.log(1.25), "The fine loss takes the label of who gave the clothes: see hint 1."),
        (lambda v: not np.isfinite(v), "Not finite: 0 log 0 counts as 0; take torch.xlogy(q, q): see hint 3."),
    ]
    total = feedback(prim, fine, q, y_j, 2.0, 0.2)
    expect_close(total, want, "one swap, lambda_prim = 2, alpha = 0.2", causes)
    expect(total.requires_grad, "No gradient is left: do not detach the scores: they are what learns.")
    by_prim, by_fine = torch.autograd.grad(total, [prim, fine], allow_unused=True)
    expect_close(by_prim, torch.tensor([[-1.0, 1.0]]), "slope by the primary scores, 2 (p - q)", [])
    expect_close(by_fine, torch.tensor([[0.32, -0.32]]), "slope by the fine scores, 0.4 (p - onehot(j))", [])
    q, y_j = torch.tensor([[1.0, 0.0], [0.5, 0.5]]), torch.tensor([1, 0])
    fine = torch.tensor([[0.8, 0.2], [0.5, 0.5]]).log()
    want = math.log(2) + 0.2 * math.log(10)  # KL ln 2 and 0; -ln p ln 5 and ln 2
    causes = [
        (2 * want, "Take the mean over the pictures, not the sum: see hint 3."),
        (2 * math.log(2) + 0.2 * math.log(10), "That is the cross-entropy; eq. (8) has q log q, too: see hint 3."),
    ]
    got = feedback(torch.zeros(2, 2), fine, q, y_j, 2.0, 0.2)
    expect_close(got, want, "two swaps, the second with q = 1/2, 1/2", causes)
    return "opposite slopes on the same picture"


@exercise("09.4", "Among the same outfits")
def check_same_outfit_rank1(same_outfit_rank1: Callable) -> str:
    """`same_outfit_rank1(scores, same_id, same_camera, same_outfit)`: four (Q, G) -> share."""
    scores = torch.tensor([[0.9, 0.8, 0.7, 0.6], [0.9, 0.2, 0.8, 0.7], [0.1, 0.9, 0.3, 0.2], [0.4, 0.3, 0.2, 0.1]])
    same_id = torch.tensor([[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]]).bool()
    same_camera = torch.tensor([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 1]]).bool()
    same_outfit = torch.tensor([[1, 0, 1, 1], [0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 1]]).bool()
    # 0: image 0 is junk, 1 wears other clothes, left 2 (right) and 3: right.
    # 1: left 2 (wrong, 0.8) and 3 (right, 0.7), since 1 is junk: wrong.   2: left 0, 2, 3: right.
    # 3: its only picture is junk: no query.   2 of 3
    causes = [
        (0.0, "Somebody in other clothes was ranked: leave only who wears the query's outfit: see hint 1."),
        (0.5, "A query without any picture to find does not count: see hint 3."),
        (0.75, "The query's person in its own camera is junk, to be left out, not a hit: see hint 2."),
        (1.0, "The query's person in its own camera is junk, to be left out, not a hit: see hint 2."),
        (lambda v: np.isnan(v), "NaN: 0 / 0 for the query that has nothing to find: see hint 3."),
        (2.0, "That is a count; divide by the queries that have something to find: see hint 3."),
    ]
    got = same_outfit_rank1(scores, same_id, same_camera, same_outfit)
    expect_close(got, 2 / 3, "four queries; the last has nothing to find", causes)
    negative = same_outfit_rank1(scores - 2, same_id, same_camera, same_outfit)
    told = "With scores below 0 the answer is another one: give what is left out -inf, not 0: see hint 2."
    expect_close(negative, 2 / 3, "the same with all scores lowered by 2", [(lambda v: True, told)])
    return "two of three, one query has nothing to find"


@exercise("09.5", "Joined")
def check_joined(joined: Callable) -> str:
    """`joined(f_prim, f_fine, beta)`: (N, d), (N, e), number -> (N, d + e)."""
    prim, fine = torch.tensor([[3.0, 4], [0, 2]]), torch.tensor([[1.0, 0, 0], [5, 0, 12]])
    # cosines of rows 0 and 1: 8 / (5 * 2) = 4/5 and 5 / 13
    f = joined(prim, fine, 0.25)
    expect(getattr(f, "shape", None) == (2, 5), "Both halves side by side, 2 + 3 numbers a row: see hint 1.")
    products = f @ f.T
    want = 0.8 + 0.25 * 5 / 13
    causes = [
        (0.8 + 0.0625 * 5 / 13, "The fine half has the factor beta twice in a product: take its root: see hint 3."),
        (0.8 + 5 / 13, "beta is missing: see hint 3."),
        (0.25 * 0.8 + 5 / 13, "beta belongs to the fine half: see hint 3."),
        (0.75 * 0.8 + 0.25 * 5 / 13, "The primary half keeps its weight 1, not 1 - beta: see hint 2."),
        (8 + 0.25 * 5, "The halves must have length 1 before they are joined: see hint 2."),
        (want / 1.25, "Joined rows have the length sqrt(1 + beta); do not normalise them again: see hint 3."),
    ]
    expect_close(products[0, 1], want, "product of rows 0 and 1, beta = 0.25: 4/5 + 0.25 * 5/13", causes)
    expect_close(products.diagonal(), [1.25, 1.25], "squared lengths, 1 + beta", [])
    return "the weighted sum of both cosines"


@exercise("09.6", "Choose beta")
def check_choose_beta(choose_beta: Callable) -> str:
    """`choose_beta(betas, validation, test)`: three lists -> beta, test mAP to report."""
    betas, validation, test = [0.0, 0.2, 0.5, 0.8], [0.70, 0.74, 0.74, 0.60], [0.80, 0.79, 0.83, 0.85]
    got = choose_beta(betas, validation, test)
    expect(isinstance(got, tuple | list) and len(got) == 2, "Return two numbers: beta and the test mAP at that beta.")
    beta, reported = (float(number) for number in got)
    told = "you looked at the test people to choose: see hint 1."
    expect(beta != 0.8, f"beta = 0.8 is best on the test people; {told}")
    expect(reported != 0.85, f"0.85 is the best test mAP, not that of your beta; {told}")
    expect(beta != 0.5, "0.2 and 0.5 are equal in validation: take the smaller beta; the test breaks no tie: hint 2.")
    expect(reported != 0.74, "0.74 is the validation mAP; report the test mAP at the chosen beta: see hint 3.")
    expect_close(beta, 0.2, "beta", [(lambda v: v in (1, 2, 3), "That is a place in the list: see hint 3.")])
    expect_close(reported, 0.79, "test mAP to report", [])
    return "chosen on validation, reported on test"
