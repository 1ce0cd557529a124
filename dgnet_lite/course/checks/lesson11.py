"""Checks of lesson 11: error inside the clothes, Fréchet's distance, a kernel distance, pairs, diversity.

Every expected number is worked by hand; the working stands beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import torch

from dgnet_lite.course.checks.core import exercise, expect, expect_close, expect_equal


@exercise("11.1", "The error inside the clothes")
def check_error_inside(error_inside: Callable) -> str:
    """`error_inside(images, true, mask)`: (N, H, W, 3) uint8 twice, (N, H, W) bool -> (N,), in 0..1."""
    images, true = np.zeros((2, 2, 2, 3), np.uint8), np.zeros((2, 2, 2, 3), np.uint8)
    mask = np.zeros((2, 2, 2), bool)
    # image 0: two pixels of clothes; one is off by 102 = 0.4 * 255 in each channel (and darker than the truth),
    # the other by 51 = 0.2 * 255 in one channel of three. (0.4 + 0.2 / 3) / 2 = 7 / 30. Outside: off by 255.
    mask[0, 0] = True
    true[0, 0, 0], images[0, 0, 1, 1] = 102, 51
    images[0, 1] = 255
    # image 1: one pixel, off by 1 in each channel.
    mask[1, 1, 1], images[1, 1, 1] = True, 255
    want = np.array([7 / 30, 1.0])
    causes = [
        (lambda v: v.shape == (), "That is one number for all; return one an image: see hint 2."),
        (255 * want, "That is in grey levels; divide by 255: see hint 1."),
        (3 * want, "The channels are summed: take their mean: see hint 2."),
        (want * [0.5, 0.25], "Divided by all pixels of the picture; divide by those of the mask: see hint 2."),
        ([(0.4 + 0.2 / 3 + 2) / 4, 0.25], "The mask is not used: what lies outside the clothes counts: see hint 2."),
        ([1.0, 0.0], "That is the error outside the clothes: the mask is turned round."),
        (
            lambda v: np.allclose(v, [(153 / 255 + 0.2 / 3) / 2, 1], atol=1e-3),
            "0 - 102 in uint8 is 154: turn the images into numbers with a sign before you subtract: see hint 1.",
        ),
        (
            lambda v: np.allclose(v, [(154 / 255 + 0.2 / 3) / 2, 1], atol=1e-3),
            "0 - 102 in uint8 is 154: turn the images into numbers with a sign before you subtract: see hint 1.",
        ),
        ([(0.16 + 0.04 / 3) / 2, 1.0], "That is the squared error; take the absolute one: see hint 1."),
    ]
    expect_close(error_inside(images, true, mask), want, "two images of 2 x 2 pixels", causes)
    nothing = error_inside(images, true, mask & np.array([True, False])[:, None, None])
    told = "Image 1 shows no clothes, so it has no error, NaN, and not 0, which would be perfect: see hint 3."
    expect_close(nothing, [7 / 30, np.nan], "the same, with nothing to see on image 1", [(lambda v: True, told)])
    return "inside the mask alone, image by image"


@exercise("11.2", "Fréchet's distance")
def check_frechet(frechet: Callable) -> str:
    """`frechet(mu, S, nu, T)`: (d,), (d, d), (d,), (d, d) -> a number."""

    def case(mu: list, s: list, nu: list, t: list) -> torch.Tensor:
        numbers = [torch.tensor(each, dtype=torch.float64) for each in (mu, s, nu, t)]
        return frechet(*numbers)

    # 3^2 + 4^2 = 25; deviations 2, 3 against 1, 4: 1 + 1
    causes = [
        (5 + 2, "|mu - nu| must be squared: see hint 1."),
        (5**0.5 + 2, "|mu - nu|^2 is the sum of the squares, not its root."),
        (27 + 14, "The last term comes twice: - 2 tr(...): see hint 1."),
        (25, "The covariances are missing: see hint 1."),
        (2, "The means are missing: see hint 1."),
        (25 + 30 - 2 * 148, "The root of the product is missing: see hint 2."),
        (25 + 9 + 49, "That takes the covariances for deviations: the squares of the axes stand in S and T."),
    ]
    got = case([0, 0], [[4, 0], [0, 9]], [3, 4], [[1, 0], [0, 16]])
    expect(not torch.is_tensor(got) or not got.is_complex(), "Return a real number: take the real part: see hint 3.")
    expect_close(got, 27, "means (0, 0) and (3, 4), covariances diag(4, 9) and diag(1, 16)", causes, tolerance=1e-4)
    # S T = [[5, 3], [27, 45]]; of eigenvalues a, b: (sqrt a + sqrt b)^2 = a + b + 2 sqrt(ab) = 50 + 2 * 12 = 74
    want = 20 - 2 * 74**0.5
    causes = [
        (20 - 2 * (5**0.5 + 45**0.5), "That is the root of each entry; the matrix has a root of its own: see hint 2."),
        (20 - 6 * 2**1.5, "tr(S^(1/2) T^(1/2)) is tr((S T)^(1/2)) only where the axes are the same: see hint 2."),
        (lambda v: not np.isfinite(v), "NaN: S T is not symmetric, so eigvalsh does not do: see hint 3."),
    ]
    got = case([0, 0], [[1, 0], [0, 9]], [0, 0], [[5, 3], [3, 5]])
    expect_close(got, want, "S = diag(1, 9), T = [[5, 3], [3, 5]], equal means", causes, tolerance=1e-4)
    thin = [[1.0, 2, 3], [2, 4, 6], [3, 6, 9]]  # all on a line: two eigenvalues are 0, in a computer about -1e-16
    causes = [(lambda v: not np.isfinite(v), "NaN: 0 comes out as -1e-16, which has no real root: see hint 3.")]
    got = case([0, 0, 0], thin, [0, 0, 0], thin)
    expect_close(got, 0, "points on a line, against themselves", causes, tolerance=1e-4)
    return "along the axes, across them, and on a line"


@exercise("11.3", "A distance without bias")
def check_mmd(mmd: Callable) -> str:
    """`mmd(x, y)`: (n, d), (m, d) -> a number."""
    # Both features equal, so x y / d is the product of single numbers: x = 0, 1 and y = 1, 2, 0
    x, y = (torch.tensor(values, dtype=torch.float64)[:, None].expand(-1, 2) for values in ([0, 1], [1, 2, 0]))
    # k(a, b) = (ab + 1)^3. Within x: k(0, 1) = 1. Within y: k(1, 2) = 27, k(1, 0) = k(2, 0) = 1: mean 29/3.
    # Across: 1, 1, 1, then 8, 27, 1: mean 6.5. Together 1 + 29/3 - 13 = -7/3
    want = 1 + 29 / 3 - 13
    causes = [
        (
            11 / 4 + 192 / 9 - 13,
            "That is the biased estimate: the pairs of a picture with itself must not count: see hint 2.",
        ),
        (
            2 / 4 + 58 / 9 - 13,
            "The diagonal is taken out, but the sum is still divided by n n: there are n (n - 1) pairs: see hint 2.",
        ),
        (1 + 29 / 3 - 6.5, "What lies across counts twice: - 2 mean k(x, y): see hint 1."),
        (1 + 29 / 3 + 13, "What lies across is subtracted: see hint 1."),
        (1 + 127 / 3 - 52, "The product must be divided by d, the number of features: see hint 1."),
        (8 / 3 - 3, "The + 1 of the kernel is missing: see hint 1."),
        (0.0, "An estimate without bias of a number near 0 is below 0 at times: do not cut it off: see hint 3."),
        (lambda v: not np.isfinite(v), "NaN: it is the squared discrepancy; take no root of it: see hint 3."),
        (lambda v: v.shape != (), "Return one number, the mean over the pairs."),
    ]
    expect_close(mmd(x, y), want, "x = 0, 1 and y = 1, 2, 0, each twice side by side", causes)
    # as many on both sides, to catch what goes by the size: y = 1, 2: within 27; across 1, 1, 8, 27: mean 9.25
    expect_close(mmd(x, y[:2]), 1 + 27 - 18.5, "the same with y = 1, 2", [])
    return "unbiased, and below 0 where chance has it so"


@exercise("11.4", "Two pictures of one person")
def check_pairs(pairs_of_one_person: Callable) -> str:
    """`pairs_of_one_person(ids, count, generator)`: (N,), number, numpy's generator -> two (M,) of indices."""
    ids = np.array([5, 2, 5, 9, 5, 2])  # 9 has one picture
    first, second = (np.asarray(part) for part in pairs_of_one_person(ids, 600, np.random.default_rng(0)))
    expect(first.shape == second.shape and first.ndim == 1, "Return two arrays of one length: the pairs' indices.")
    expect((first != second).all(), "A picture is paired with itself; its SSIM is 1, whatever was made: see hint 2.")
    expect((ids[first] == ids[second]).all(), "Some pair shows two different persons: see hint 1.")
    counts = {who: int((ids[first] == who).sum()) for who in (2, 5, 9)}
    expect(counts[9] == 0, "Person 9 has a single picture, so there is no pair: leave it out: see hint 3.")
    told = "By count, whoever has many pictures would weigh more."
    expect(counts[2] == counts[5], f"Persons 2 and 5 have {counts[2]} and {counts[5]} pairs, 600 each is asked: {told}")
    expect_equal(counts[5], 600, "pairs of person 5")
    # 6 ordered pairs of person 5, 100 each on average, deviation 9
    drawn = Counter(zip(first[ids[first] == 5].tolist(), second[ids[first] == 5].tolist(), strict=True))
    few = len({frozenset(pair) for pair in drawn})
    expect(few == 3, f"Person 5 has three pictures, so three pairs; you drew only {few} of them: draw both at random.")
    unordered = Counter(frozenset(pair) for pair in drawn.elements())
    most = max(unordered.values())
    expect(most < 260, f"Of 600 pairs of person 5 one came {most} times; 200 is fair: draw all pairs alike: hint 2.")
    again = pairs_of_one_person(ids, 600, np.random.default_rng(1))
    told = "Another generator gives the same pairs: draw from the one that is handed in."
    expect(not (np.array_equal(again[0], first) and np.array_equal(again[1], second)), told)
    return "600 pairs each, none with itself, all alike"


@exercise("11.5", "Diversity")
def check_diversity(diversity: Callable) -> str:
    """`diversity(similarity, ids)`: (N, N) of SSIM, (N,) -> a number."""
    ids = np.array([1, 1, 4, 4, 4, 7])
    similarity = np.full((6, 6), 0.9)  # of two persons: not to be looked at
    np.fill_diagonal(similarity, 1.0)
    for a, b, value in ((0, 1, 0.2), (2, 3, 0.6), (2, 4, 0.4), (3, 4, 0.5)):
        similarity[a, b] = similarity[b, a] = value
    # person 1: 0.2; person 4: 0.5; person 7: none. Mean 0.35; (1 - 0.35) / 2
    want = 0.325
    causes = [
        (0.35, "That is the SSIM, which falls with diversity: DSSIM = (1 - SSIM) / 2: see hint 1."),
        (0.65, "1 - SSIM lies in 0..2: halve it: see hint 1."),
        (
            (1 - 0.425) / 2,
            "In one mean of all pairs a person with many pictures weighs more. First a mean a person: hint 3.",
        ),
        (
            (1 - np.mean([(1 + 0.2) / 2, (3 + 3.0) / 9, 1])) / 2,
            "A picture compared with itself is 1, and says nothing: leave the diagonal out: see hint 2.",
        ),
        (
            (1 - np.mean([(1 + 0.2) / 2, (3 + 3.0) / 9])) / 2,
            "A picture compared with itself is 1, and says nothing: leave the diagonal out: see hint 2.",
        ),
        (
            (1 - np.mean([0.2, 0.5, 1.0])) / 2,
            "Person 7 has one picture and no pair: leave it out, and do not count it as 1: see hint 2.",
        ),
        ((1 - np.mean([0.2, 0.5, 0.0])) / 2, "Person 7 has one picture and no pair: it is not to be counted: hint 2."),
        (lambda v: np.isnan(v), "NaN: a person with one picture has no pair; leave it out: see hint 2."),
        ((1 - (0.4 + 3.0 + 0.9 * 22) / 30) / 2, "Pairs of two persons count as well: see hint 2."),
    ]
    expect_close(diversity(similarity, ids), want, "persons with 2, 3 and 1 pictures", causes)
    return "a mean of means, then (1 - SSIM) / 2"
