"""Checks of lesson 01: Market-1501's protocol, CMC, average precision, chance, and a ranker by colour.

Every expected number is worked by hand; the working stands beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from dgnet_lite.course.checks.core import exercise, expect, expect_close, expect_equal


@exercise("01.1", "Read a file name")
def check_parse_name(parse_name: Any) -> str:
    """`parse_name(name)` is (id, camera)."""
    cases = {
        "0002_c1s1_000451_03.jpg": (2, 1),
        "1501_c4s6_016196_02.jpg": (1501, 4),
        "0000_c6s4_034240_02.jpg": (0, 6),
        "-1_c3s2_031944_05.jpg": (-1, 3),
        "0010_c12s1_000077_00.jpg": (10, 12),
    }
    for name, expected in cases.items():
        try:
            got = parse_name(name)
        except (ValueError, IndexError) as error:
            junk = "An id has four digits, junk has '-1': split at '_', do not count characters (hint 1)."
            expect(False, f"{name}: {type(error).__name__}: {error}\n  {junk}")
        if isinstance(got, tuple | list):
            strings = any(isinstance(part, str) for part in got)
            expect(not strings, f"{name}: {got} holds strings. '0002' == '2' is False: make whole numbers (hint 2).")
        expect_equal(
            got,
            expected,
            name,
            [
                (expected[::-1], "The order is id, then camera."),
                ((abs(expected[0]), expected[1]), "The minus of junk is lost: '-1' is the id (hint 1)."),
                (lambda have, pid=expected[0]: have.shape == (2,) and have[0] == pid, _wrong_camera(name)),
            ],
        )
    return f"{len(cases)} names"


def _wrong_camera(name: str) -> str:
    if name.startswith("-1"):
        return "The camera stands after 'c', wherever that is; junk has a shorter id (hint 1)."
    return "The camera is all that stands between 'c' and 's': MSMT17 has 15 of them (hint 3)."


@exercise("01.2", "Who counts")
def check_valid_gallery(valid_gallery: Any) -> str:
    """`valid_gallery(query_id, query_camera, ids, cameras)` is (N,) bool: which gallery images take a rank."""
    ids = np.array([7, 7, 7, 0, -1, 3, 3, -1, 0])
    cameras = np.array([1, 2, 1, 1, 2, 1, 4, 1, 3])
    same_id, same_camera, junk, distractor = ids == 7, cameras == 1, ids == -1, ids == 0
    right = np.array([False, True, False, True, False, True, True, False, True])
    expect_equal(
        valid_gallery(7, 1, ids, cameras),
        right,
        "a query of person 7 in camera 1; gallery ids 7 7 7 0 -1 3 3 -1 0, cameras 1 2 1 1 2 1 4 1 3",
        [
            (~right, "It is the other way round: True means that the image counts."),
            (~(same_id & same_camera), "Junk (id -1) is still there: see hint 1."),
            (~same_camera & ~junk, "Everybody in the query's camera is gone; others than person 7 stay: see hint 2."),
            (~same_camera, "Everybody in the query's camera is gone; others than person 7 stay: see hint 2."),
            (~(same_id | same_camera) & ~junk, "Two conditions at once, so `&` and not `|`: see hint 2."),
            (~same_id & ~junk, "Person 7 in the other cameras is what you look for: see hint 2."),
            (right & ~distractor, "Distractors (id 0) stay and are wrong answers: see hint 1."),
            (~junk, "Person 7 in camera 1, the query's own, is still there: see hint 2."),
            (right & same_id, "Those are the matches. Wrong answers count too, they take ranks: see hint 2."),
        ],
    )
    expect_equal(valid_gallery(3, 4, ids, cameras), ~junk & (np.arange(9) != 6), "a query of person 3 in camera 4")
    return "2 queries"


@exercise("01.3", "CMC")
def check_cmc(cmc: Any) -> str:
    """`cmc(is_match)`, (Q, N) bool by rank, is (N,): the share of queries with a match among the first r."""
    is_match = torch.tensor([[0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 1]]).bool()
    expect_close(
        cmc(is_match.clone()),
        [1 / 3, 2 / 3, 2 / 3, 1],
        "three queries, whose first matches are at ranks 2, 1 and 4",
        [
            ([1 / 3, 1 / 3, 0, 2 / 3], "That is the share of matches at each rank; a CMC adds up: see hint 1."),
            ([1 / 3, 2 / 3, 2 / 3, 4 / 3], "The first query is counted twice, at ranks 2 and 4: see hint 2."),
            ([1 / 4, 1 / 2, 1 / 2, 3 / 4], "You divided by the number of ranks, not of queries: see hint 3."),
            ([1 / 3, 1 / 3, 0, 1 / 3], "Those are the first matches alone: add them up over ranks, see hint 1."),
        ],
    )
    with_none = torch.cat([is_match, torch.zeros(1, 4).bool()])
    expect_close(
        cmc(with_none),
        [1 / 3, 2 / 3, 2 / 3, 1],
        "the same three, and a query that has no match at all",
        [([1 / 4, 1 / 2, 1 / 2, 3 / 4], "A query without a match cannot be answered and does not count: see hint 3.")],
    )
    return "2 sets of queries"


@exercise("01.4", "Average precision")
def check_average_precision(average_precision: Any) -> str:
    """`average_precision(is_match, rule)`, (N,) bool by rank; rule "step" or "trapezoid"."""
    cases = {
        # one match at rank 2: precision 0 before it, 1/2 at it
        "a match at rank 2 of 3": ([0, 1, 0], 1 / 2, 1 / 4),
        # nothing was wrong before the first image: precision 1
        "a match at rank 1 of 1": ([1], 1.0, 1.0),
        # at: 1, 2/3; before: 1, 1/2
        "matches at ranks 1 and 3 of 3": ([1, 0, 1], (1 + 2 / 3) / 2, (1 + (1 / 2 + 2 / 3) / 2) / 2),
        # at: 1/2, 2/4, 3/5; before: 0, 1/3, 2/4
        "matches at ranks 2, 4 and 5 of 8": (
            [0, 1, 0, 1, 1, 0, 0, 0],
            (1 / 2 + 2 / 4 + 3 / 5) / 3,
            (1 / 4 + (1 / 3 + 2 / 4) / 2 + (2 / 4 + 3 / 5) / 2) / 3,
        ),
    }
    for what, (ranking, step, trapezoid) in cases.items():
        is_match = torch.tensor(ranking).bool()
        matches, n, found = sum(ranking), len(ranking), np.cumsum(ranking)
        at = [found[k] / (k + 1) for k in range(n) if ranking[k]]
        everywhere = float(np.mean(found / np.arange(1, n + 1)))
        wrong_start = float(np.mean([(b + a) / 2 for b, a in zip(_before(ranking, first=0.0), at, strict=True)]))
        between = float(np.mean([(b + a) / 2 for b, a in zip([1.0, *at], at, strict=False)]))
        common = [
            (everywhere, "That is the mean over all ranks: only ranks with a match count, see hint 1."),
            (step * matches / n, "Divide by the number of matches, not of images: see hint 1."),
            (step * matches, "That is a sum: divide by the number of matches, see hint 1."),
        ]
        first = [
            (trapezoid, "That is the trapezoid rule: asked for was the step rule, see hint 2."),
            (lambda have, at=at: have.ndim == 0 and have == at[-1], "That is the precision at the last match alone."),
        ]
        expect_close(average_precision(is_match, "step"), step, f"{what}, step rule", first + common)
        second = [
            (step, f"{step:.4g} is the step rule; the trapezoid averages with the precision just before: see hint 2."),
            (wrong_start, "Before the first image nothing was wrong yet: its precision is 1, not 0 (hint 3)."),
            (between, "Take the precision one rank before the match, not that of the match before: see hint 3."),
        ]
        expect_close(average_precision(is_match, "trapezoid"), trapezoid, f"{what}, trapezoid rule", [*second, *common])
    return f"{len(cases)} rankings, both rules"


def _before(ranking: list[int], first: float) -> list[float]:
    """Precision one rank before each match."""
    return [sum(ranking[:k]) / k if k else first for k in range(len(ranking)) if ranking[k]]


@exercise("01.5", "mAP, all queries at once")
def check_mean_average_precision(mean_average_precision: Any) -> str:
    """`mean_average_precision(scores, is_match, keep)`, (Q, N) each, unsorted; trapezoid rule."""
    scores = torch.tensor([[0.9, 0.8, 0.7, 0.6, 0.5], [0.1, 0.2, 0.9, 0.3, 0.4]])
    is_match = torch.tensor([[0, 0, 1, 0, 0], [0, 1, 1, 0, 0]]).bool()
    keep = torch.tensor([[0, 1, 1, 1, 1], [1, 1, 1, 1, 1]]).bool()
    # query 1, its best image removed: match at rank 2, so (0 + 1/2) / 2
    # query 2: ranks 1 and 4, so 1 and (1/3 + 2/4) / 2
    first, second = 1 / 4, (1 + (1 / 3 + 2 / 4) / 2) / 2
    right = (first + second) / 2
    causes = [
        ((1 / 6 + second) / 2, "The removed image still takes a rank: give it the lowest score of all, see hint 1."),
        ((1 / 2 + (1 + 2 / 4) / 2) / 2, "That is the step rule; the trapezoid is asked for: see hint 3."),
        ((1 / 4 + 1 + (1 / 3 + 2 / 4) / 2) / 3, "Average within each query first, then over queries: see hint 3."),
        ((1 / 6 + (1 / 4 + (1 / 4 + 2 / 5) / 2) / 2) / 2, "The lowest score comes first: sort descending, see hint 1."),
        ((first + (1 / 2 + (1 / 3 + 2 / 4) / 2) / 2) / 2, "Before the first image the precision is 1, not 0: hint 3."),
        (lambda have: have.shape == (2,), "That is one AP a query: average them."),
    ]
    expect_close(mean_average_precision(scores.clone(), is_match.clone(), keep.clone()), right, "two queries", causes)
    below = (1 / 6 + second) / 2
    expect_close(
        mean_average_precision(scores - 2, is_match.clone(), keep.clone()),
        right,
        "the same with all scores negative",
        [(below, "A score of 0 is the highest here: removed images need minus infinity, see hint 1.")],
    )
    order = torch.tensor([3, 0, 4, 2, 1])
    shuffled = [each[:, order] for each in (scores, is_match, keep)]
    expect_close(mean_average_precision(*shuffled), right, "the same gallery in another order", causes)
    last = [torch.tensor([row]) for row in ([0.9, 0.1, 0.5], [False, True, False], [False, True, True])]
    causes = [(1 / 6, "A removed image stands before the match: as low as the lowest is not low enough, see hint 1.")]
    expect_close(mean_average_precision(*last), 1 / 4, "one query, whose match has the lowest score", causes)
    return "4 galleries"


@exercise("01.6", "What chance scores")
def check_chance_rank1(chance_rank1: Any) -> str:
    """`chance_rank1(query_ids, query_cameras, gallery_ids, gallery_cameras)`: expected Rank@1 of random rankings."""
    sides = [np.array(each) for each in ([1, 2], [1, 1], [1, 1, 1, 2, 0], [1, 2, 2, 2, 1])]
    # query 1 (person 1, camera 1): 4 images count, 2 are matches; query 2 (person 2, camera 1): 5 and 1
    expect_close(
        chance_rank1(*sides),
        (2 / 4 + 1 / 5) / 2,
        "two queries with 2 matches of 4 and 1 match of 5 images that count",
        [
            ((3 / 5 + 1 / 5) / 2, "Images of the same person in the same camera are still there: see hint 1."),
            ((2 / 5 + 1 / 5) / 2, "Divide by the images that count, not by the whole gallery: see hint 2."),
            ((3 / 4 + 1 / 5) / 2, "A removed image cannot be a match: see hint 1."),
            (3 / 9, "Average over queries last: each query has the same weight, see hint 3."),
            (2 / 4 + 1 / 5, "That is a sum over queries: take the mean, see hint 3."),
            ([2 / 4, 1 / 5], "That is the chance of each query: average them, see hint 3."),
            ((2 / 4 + 1 / 4) / 2, "The second query has no image to remove, 5 count: see hint 2."),
            (1 / 2, "Not the number of persons matters, but of their images: see hint 2."),
        ],
    )
    return "2 queries"


@exercise("01.7", "A ranker by colour")
def check_stripe_histogram(stripe_histogram: Any) -> str:
    """`stripe_histogram(images, stripes, bins)`: uint8 (N, H, W, 3) -> (N, stripes * bins**3), rows of length 1."""
    red, blue, white = [255, 0, 0], [0, 0, 255], [255, 255, 255]
    person = np.array([[red, red]] * 2 + [[blue, blue]] * 2, np.uint8)  # 4 x 2: red above, blue below
    other = np.array([[red, blue], [red, blue], [white, white], [white, red]], np.uint8)
    half = np.sqrt(1 / 2)
    # bins = 2: red is bin (1, 0, 0) = 4, blue is (0, 0, 1) = 1, white is (1, 1, 1) = 7
    whole = np.zeros((1, 8))
    whole[0, [4, 1]] = half
    overflow = np.zeros((1, 8))
    overflow[0, 0] = 1
    linear = [
        (
            lambda have: have.shape == (1, 8) and np.isclose(have.sum(), 8),
            "Divide by the number of pixels: see hint 3.",
        ),
        (whole**2, "Those are shares: take their square roots, see hint 3."),
        (overflow, "All pixels fall into bin 0: 255 * 2 is 254 in uint8. Convert first, see hint 1."),
        (lambda have: have.shape != (1, 8), "The shape is (N, stripes * bins**3), one row a picture."),
        (np.roll(whole, 1), "A value of 255 must fall into the last bin: v * bins // 256, see hint 1."),
    ]
    expect_close(
        stripe_histogram(person[None].copy(), 1, 2), whole, "one picture, one stripe, 2 bins a channel", linear
    )
    two = np.zeros((2, 16))
    two[0, [4, 8 + 1]] = half
    two[1, [4, 1]] = 1 / 2
    two[1, [8 + 7, 8 + 4]] = np.sqrt(3 / 8), np.sqrt(1 / 8)
    blue_first = two.reshape(2, 2, 2, 2, 2).transpose(0, 1, 4, 3, 2).reshape(2, 16)
    columns = np.zeros((2, 16))
    columns[0, [4, 1, 12, 9]] = 1 / 2
    columns[1, [4, 7, 8 + 1, 8 + 7, 8 + 4]] = np.sqrt([1 / 4, 1 / 4, 1 / 4, 1 / 8, 1 / 8])
    expect_close(
        stripe_histogram(np.stack([person, other]), 2, 2),
        two,
        "two pictures, two stripes: red above blue; red and blue above white with one red pixel",
        [
            (columns, "The stripes stand upright: cut rows, not columns, see hint 2."),
            (blue_first, "The number of a colour is (r * bins + g) * bins + b: red counts most."),
            (two * np.sqrt(2), "The length of a row is not 1 with two stripes: divide by it, see hint 3."),
            (two**2, "Those are shares: take their square roots, see hint 3."),
        ],
    )
    # three bins: 85 * 3 // 256 = 0, 86 * 3 // 256 = 1, 171 * 3 // 256 = 2
    three, grey = np.zeros((1, 27)), np.array([[[85, 86, 171]]], np.uint8)
    three[0, 0 * 9 + 1 * 3 + 2] = 1
    causes = [(lambda have: True, "The bin of v is v * bins // 256, for any number of bins.")]
    expect_close(stripe_histogram(grey[None], 1, 3), three, "one pixel (85, 86, 171), 3 bins a channel", causes)
    return "4 pictures"
