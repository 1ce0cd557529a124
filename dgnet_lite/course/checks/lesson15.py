"""Checks of lesson 15: joined gradients, merged lists, mutual neighbours, distances of sets, fused queries, alarms.

Every expected number is worked by hand; the working stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from dgnet_lite.course.checks.core import exercise, expect, expect_close, expect_equal


@exercise("15.1", "Shares of unequal size")
def check_joined_gradient(joined_gradient: Callable) -> str:
    """`joined_gradient(gradients, sizes)`: list of K equal shapes, list of K whole numbers -> one of that shape."""
    gradients = [torch.tensor([6.0, 0.0]), torch.tensor([0.0, 3.0]), torch.tensor([3.0, 3.0])]
    # (3 * 6 + 1 * 0 + 2 * 3) / 6 = 4 and (3 * 0 + 1 * 3 + 2 * 3) / 6 = 1.5
    causes = [
        ([3.0, 2.0], "That is the plain mean: a share of three images counts three times as much as one: see hint 1."),
        ([24.0, 9.0], "That is the weighted sum: divide by the number of all images: see hint 2."),
        ([8.0, 3.0], "Divide by the number of images, not of shares: see hint 2."),
        ([9.0, 6.0], "That is the plain sum; a mean over images was asked for: see hint 1."),
        ([21 / 11, 27 / 11], "The weights are the wrong way round: see hint 1."),
    ]
    expect_close(joined_gradient(gradients, [3, 1, 2]), [4.0, 1.5], "shares of 3, 1 and 2 images", causes)
    before = [g.clone() for g in gradients]
    joined_gradient(gradients, [1, 1, 1])
    unchanged = all(torch.equal(a, b) for a, b in zip(gradients, before, strict=True))
    expect(unchanged, "Your function changes the gradients it is given: do not add in place: see hint 3.")
    one = joined_gradient([torch.full((2, 2), 5.0)], [7])
    expect_close(one, torch.full((2, 2), 5.0), "a single share, a matrix")
    return "each image counts alike, in whichever share it is"


@exercise("15.2", "Merge two lists")
def check_merge(merge: Callable) -> str:
    """`merge(scores_a, indices_a, scores_b, indices_b, k)`: (Q, A), (Q, A), (Q, B), (Q, B) -> (Q, k), (Q, k)."""
    a, ia = torch.tensor([[0.9, 0.4], [0.3, 0.2]]), torch.tensor([[5, 0], [7, 1]])
    b, ib = torch.tensor([[0.8, 0.7, 0.1], [0.6, 0.1, 0.0]]), torch.tensor([[12, 10, 11], [11, 13, 10]])
    # row 0: 0.9 (5), 0.8 (12), 0.7 (10), then 0.4; row 1: 0.6 (11), 0.3 (7), 0.2 (1), then 0.1
    got = merge(a, ia, b, ib, 3)
    expect(hasattr(got, "__len__") and len(got) == 2, "Return two tensors: the scores, then the indices.")
    scores, indices = got
    causes = [
        ([[0.9, 0.4, 0.8], [0.3, 0.2, 0.6]], "The lists stand one after the other: take the k largest: see hint 1."),
        ([[0.1, 0.4, 0.7], [0.0, 0.1, 0.2]], "Those are the smallest; the largest products are nearest: see hint 1."),
        ([[0.7, 0.8, 0.9], [0.2, 0.3, 0.6]], "Best first: the order is the other way round: see hint 1."),
        (lambda v: v.shape == (3,), "Each query has a list of its own: work along dim=1: see hint 1."),
    ]
    expect_close(scores, [[0.9, 0.8, 0.7], [0.6, 0.3, 0.2]], "the three best scores of two queries", causes)
    causes = [
        ([[0, 2, 3], [2, 0, 1]], "Those are places in the joined list: look up the gallery's indices there: hint 2."),
        ([[5, 0, 12], [7, 1, 11]], "The indices were not sorted with the scores: see hint 2."),
    ]
    expect_equal(indices, [[5, 12, 10], [11, 7, 1]], "the gallery indices of these", causes)
    scores, indices = merge(a[:, :1], ia[:, :1], b[:, :1], ib[:, :1], 5)
    expect_close(scores, [[0.9, 0.8], [0.6, 0.3]], "fewer images than k: all of them")
    expect_equal(indices, [[5, 12], [11, 7]], "their indices")
    return "the best of all are among the best of each block"


@exercise("15.3", "Who names whom")
def check_mutual(mutual: Callable) -> str:
    """`mutual(similarity, k)`: (N, N), a number -> (N, N) of bool."""
    # five on a line, at 0, 1, 3, 4, 10; similarity is minus the distance
    at = torch.tensor([0.0, 1.0, 3.0, 4.0, 10.0])
    similarity = -(at[:, None] - at).abs()
    # k = 1: 0 names 1, 1 names 0, 2 names 3, 3 names 2, 4 names 3. Mutual: 0-1 and 2-3
    want = torch.eye(5, dtype=torch.bool)
    for i, j in ((0, 1), (2, 3)):
        want[i, j] = want[j, i] = True
    one_way, either = want.clone(), want.clone()
    one_way[4, 3] = True
    either[4, 3] = either[3, 4] = True
    causes = [
        (one_way, "Image 4 names 3, but 3 does not name 4: both must: see hint 2."),
        (one_way.T, "Image 4 names 3, but 3 does not name 4: both must: see hint 2."),
        (either, "One naming the other is not enough: both must, `&` and not `|`: see hint 2."),
        (torch.eye(5), "Everybody is the nearest of himself: take k others beside it, k + 1 in all: see hint 1."),
        (want & ~torch.eye(5, dtype=torch.bool), "An image belongs to its own set: see hint 1."),
        (lambda v: v.shape == (5, 5) and v[0, 4] == 1, "Those are the *least* similar: see hint 1."),
    ]
    expect_equal(mutual(similarity, 1), want, "five points on a line, k = 1", causes)
    # k = 2: 0 names 1, 2; 1 names 0, 2; 2 names 3, 1; 3 names 2, 1; 4 names 3, 2. Mutual: 0-1, 1-2, 2-3
    want[1, 2] = want[2, 1] = True
    expect_equal(mutual(similarity, 2), want, "the same, k = 2", [(lambda v: v[4, 3] == 1, causes[0][1])])
    return "naming is one-sided, being neighbours is not"


@exercise("15.4", "Distance of two sets")
def check_set_distance(set_distance: Callable) -> str:
    """`set_distance(a, b)`: (Q, N), (G, N) of numbers from 0 -> (Q, G)."""
    a = torch.tensor([[1.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.25, 0.75]])
    b = torch.tensor([[0.5, 0.5, 1.0, 0.0], [1.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    # minima, maxima: a0: 1 and 2.5; 1.5 and 1.5; 0 and 2.5.   a1: 0.25 and 2.75; 0 and 2.5; 0.75 and 1.25
    want = [[1 - 1 / 2.5, 0.0, 1.0], [1 - 0.25 / 2.75, 1.0, 1 - 0.75 / 1.25]]
    causes = [
        ([[0.4, 1.0, 0.0], [0.25 / 2.75, 0.0, 0.6]], "That is what they share; a distance is one minus it: hint 3."),
        ([[1 / 3, 0.0, 1.0], [0.75, 1.0, 0.5]], _PRESENT),
        (
            [[1 - 1 / 3.5, 0.5, 1.0], [1 - 0.25 / 3, 1.0, 1 - 0.75 / 2]],
            "The joint part counts shared weight once: maxima, not sums: see hint 2.",
        ),
        ([[1 - 0.75 / 2.5, 1 - 1.25 / 1.5, 1.0], [1 - 0.25 / 2.75, 1.0, 1 - 0.75 / 1.25]], _PRODUCT),
        ([[0.625, 0.5, 1.0], [0.9375, 1.0, 0.8125]], "Divide sum by sum, not member by member: see hint 2."),
        (lambda v: np.isnan(v).any(), "Divide the *sums*; single members may be 0 in both: see hint 2."),
    ]
    expect_close(set_distance(a, b), want, "two sets against three", causes)
    far = set_distance(10 * a, 10 * b)
    expect_close(far, want, "the same, all weights ten times as large", [(lambda v: True, _PRODUCT)])
    return "equal sets have distance 0, sets without a common member 1"


_PRESENT = "Weights count, not only who is in the set: minima and maxima of the numbers: see hint 2."
_PRODUCT = "What two weighted sets share is the smaller weight, not the product: see hint 1."


@exercise("15.5", "One feature out of several")
def check_fuse(fuse: Callable) -> str:
    """`fuse(features, ids, cameras, person, camera)`: (N, d), (N,), (N,), two numbers -> (d,)."""
    features = torch.tensor([[3.0, 4.0], [0.0, 10.0], [-9.0, 0.0], [-9.0, 0.0], [7.0, 0.0]])
    ids, cameras = torch.tensor([7, 7, 7, 8, 8]), torch.tensor([2, 2, 3, 2, 3])
    # of person 7 in camera 2: (0.6, 0.8) and (0, 1); sum (0.6, 1.8), of length sqrt(3.6)
    want = np.array([0.6, 1.8]) / np.sqrt(3.6)
    raw = np.array([3.0, 14.0])
    mixed = np.array([-0.4, 1.8])  # with (-1, 0): person 7 in all cameras, or everybody in camera 2
    causes = [
        (raw / np.linalg.norm(raw), "A long feature counts more: give each the length 1 *before* the mean: hint 2."),
        ([0.3, 0.9], "The mean of directions is shorter than 1: normalise the result, too: see hint 3."),
        ([0.6, 1.8], "That is the sum; give it the length 1: see hint 3."),
        (raw / 2, "Neither the parts nor the mean have the length 1: see hints 2 and 3."),
        (mixed / np.linalg.norm(mixed), "This person *and* this camera; elsewhere stand the answers: see hint 1."),
        (lambda v: v.shape == (2, 2), "One feature was asked for: reduce over the pictures, dim=0: see hint 2."),
    ]
    expect_close(fuse(features, ids, cameras, 7, 2), want, "person 7 in camera 2, two pictures", causes)
    expect_close(fuse(features, ids, cameras, 8, 3), [1.0, 0.0], "a single picture: its direction")
    return "directions, averaged: however long a feature, it counts once"


@exercise("15.6", "How many false alarms?")
def check_false_alarms(alarms: Callable) -> str:
    """`alarms(passing, sought, gallery, hit_rate, false_rate)` -> true alarms, false alarms, share that is right."""
    # 20,000 pass, of them 20 are sought; the list has one name. 20 * 0.9 = 18; 19,980 * 0.001 = 19.98
    got = alarms(20_000, 20, 1, 0.9, 0.001)
    expect(isinstance(got, tuple | list) and len(got) == 3, "Return three numbers: true, false, share that is right.")
    causes = [
        (20.0, "Of the sought ones only the hit rate is found: see hint 1."),
        (18_000.0, "Only those who are sought can raise a true alarm: see hint 1."),
    ]
    expect_close(got[0], 18.0, "true alarms of 20,000 who pass, 20 of them sought", causes)
    causes = [(20.0, "Those who are sought are no false alarms: take the others: see hint 1.")]
    expect_close(got[1], 19.98, "false alarms, a list of one name", causes)
    causes = [
        (0.9, "That is the hit rate. Of the *alarms*, which share is true: see hint 3."),
        (0.999, "That is the share of others without an alarm; of the *alarms*, which share is true: see hint 3."),
        (18 / 19.98, "Divide by all alarms, the true ones among them: see hint 3."),
        (19.98 / 37.98, "That is the share that is wrong: see hint 3."),
    ]
    expect_close(got[2], 18 / 37.98, "share of alarms that is right", causes)
    # a list of 200 names: nobody's 200 comparisons all stay silent with probability 0.999 ** 200 = 0.818649
    _, false, share = alarms(20_000, 20, 200, 0.9, 0.001)
    quiet = 0.999**200
    causes = [
        (19.98, "Each person is compared with every name on the list: 200 chances to be wrong: see hint 2."),
        (19_980 * 0.2, "Alarms of one person may coincide: 1 - (1 - f) ** names, not f times names: see hint 2."),
        (19_980 * quiet, "That is who raises no alarm; take the others: see hint 2."),
        (19_980 * 0.001**200, "One match among 200 is enough; all 200 are not needed: see hint 2."),
    ]
    expect_close(false, 19_980 * (1 - quiet), "false alarms, a list of 200 names", causes)
    expect_close(share, 18 / (18 + 19_980 * (1 - quiet)), "share that is right, a list of 200 names")
    # nobody is sought and nothing matches: no alarm, so no share
    nothing = alarms(50, 0, 3, 0.9, 0.0)
    expect(np.isnan(float(nothing[2])), "Without any alarm there is no share: return NaN (float('nan')): see hint 3.")
    return "rare people make most alarms false, and long lists more so"
