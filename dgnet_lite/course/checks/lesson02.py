"""Checks of lesson 02: identification loss, cost of a stride, pooling, BatchNorm, features to rank by, wrong answers.

Every expected number is worked by hand; the working stands beside it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dgnet_lite.course.checks.core import exercise, expect, expect_close, expect_equal


@exercise("02.1", "Identification loss")
def check_identification(identification: Any) -> str:
    """`identification(logits, y)`: (B, K), (B,) -> scalar, the mean of -log p(y | x)."""
    logits, y = torch.tensor([[0.0, math.log(2), math.log(5)], [0.0, 0.0, 0.0]]), torch.tensor([1, 2])
    # row 1: e^0 + 2 + 5 = 8, so p = 1/8, 2/8, 5/8; row 2: 1/3 each
    first, second = math.log(4), math.log(3)
    by_column = -(math.log(2 / 3) + math.log(1 / 6)) / 2
    expect_close(
        identification(logits.clone(), y.clone()),
        (first + second) / 2,
        "two images, p = 1/8, 2/8, 5/8 with y = 1, and 1/3 each with y = 2",
        [
            (first + second, "That is the sum over the batch: take the mean, see hint 3."),
            (-(first + second) / 2, "A loss is the negative of the logarithm, and positive here: see hint 1."),
            ((first + second) / 2 / math.log(2), "The natural logarithm is meant, not that to base 2."),
            ((first + second) / 2 / math.log(10), "The natural logarithm is meant, not that to base 10."),
            (-math.log(2) / 2, "Those are scores, not probabilities yet: the softmax is missing, see hint 1."),
            (by_column, "The probabilities of one image add up to 1: softmax along axis 1, see hint 1."),
            (-(1 / 4 + 1 / 3) / 2, "The logarithm is missing: see hint 1."),
            ((3 / 4 + 2 / 3) / 2, "That is 1 - p; eq. (3) takes -log p: see hint 1."),
            ([first, second], "That is one loss an image: take the mean, see hint 3."),
        ],
    )
    far = torch.tensor([[1000.0, 0.0]])
    overflow = "e^1000 is infinite in float32: take the largest score away first, see hint 2."
    cut = (
        "The loss stops growing: a clamp or an epsilon inside the logarithm cuts it off, and its gradient: see hint 2."
    )
    expect_close(
        identification(far, torch.tensor([1])),
        1000.0,
        "scores 1000 and 0, y = 1",
        [(lambda v: not np.isfinite(v), overflow), (lambda v: v < 900, cut)],
    )
    expect_close(
        identification(far, torch.tensor([0])),
        0.0,
        "scores 1000 and 0, y = 0",
        [(lambda v: not np.isfinite(v), overflow)],
    )
    return "3 batches, one of them far out"


@exercise("02.2", "What a stride costs")
def check_conv_cost(conv_cost: Any) -> str:
    """`conv_cost(n_in, n_out, kernel, height, width, stride)`: multiplications of one image; padding kernel // 2."""
    # 2 * 5 channels * 9 = 90 multiplications a cell of the output
    expect_equal(
        conv_cost(2, 5, 3, 4, 5, 1),
        90 * 20,
        "2 to 5 channels, 3x3, on 4 x 5 cells, stride 1",
        [
            (5 * 9 * 20, "Every output channel reads every input channel: see hint 1."),
            (2 * 9 * 20, "Every output channel reads every input channel: see hint 1."),
            (7 * 9 * 20, "Channels are multiplied, not added: see hint 1."),
            (2 * 5 * 3 * 20, "A 3x3 kernel has 9 numbers: see hint 1."),
            (90, "That is one cell's; all cells of the output count: see hint 2."),
            (2 * 90 * 20, "Count multiplications alone; FLOPs count the additions too, twice as many."),
            (90 * 2 * 3, "With padding kernel // 2 the border is not lost: 4 x 5 cells come out, see hint 2."),
        ],
    )
    expect_equal(
        conv_cost(2, 5, 3, 4, 6, 2),
        90 * 6,
        "the same on 4 x 6 cells with stride 2",
        [
            (90 * 24, "The stride has no effect on what you return: see hint 2."),
            (90 * 12, "A stride of 2 halves rows and columns, so a quarter of the cells is left: see hint 2."),
        ],
    )
    causes = [(lambda v: v < 90 * 6 or v != np.round(v), "5 rows become 3, and 3 columns 2: round up, see hint 3.")]
    expect_equal(conv_cost(2, 5, 3, 5, 3, 2), 90 * 6, "5 x 3 cells, stride 2", causes)
    return "3 convolutions"


@exercise("02.3", "Between mean and maximum")
def check_generalised_mean(generalised_mean: Any) -> str:
    """`generalised_mean(feature_map, p)`: (B, C, h, w), at least 0 -> (B, C)."""
    x = torch.tensor([[[[1.0, 3.0], [3.0, 1.0]], [[0.0, 4.0], [0.0, 0.0]]]])  # (1, 2, 2, 2)
    expect_close(
        generalised_mean(x.clone(), 1.0),
        [[2, 1]],
        "p = 1, channels 1 3 3 1 and 0 4 0 0",
        [
            ([[8, 4]], "That is the sum over cells: take their mean, see hint 1."),
            (lambda v: v.shape == (1, 2, 2), "Average over rows and columns, axes 2 and 3; not over channels: hint 1."),
            (lambda v: v.shape == (1, 2, 1, 1), "The shape must be (B, C): leave out keepdim at the end."),
            (lambda v: v.shape == (1,), "One number a channel is asked for: average over axes 2 and 3 alone, hint 1."),
        ],
    )
    # p = 2: (1 + 9 + 9 + 1) / 4 = 5; 16 / 4 = 4, and the roots
    expect_close(
        generalised_mean(x.clone(), 2.0),
        [[math.sqrt(5), 2]],
        "the same, p = 2",
        [
            ([[5, 4]], "The p-th root is missing: see hint 1."),
            ([[math.sqrt(20), 4]], "That is the root of the sum: take the mean over cells, see hint 1."),
            ([[2, 1]], "p has no effect."),
            ([[4, 1]], "First the power, then the mean: see hint 1."),
        ],
    )
    # p = 100: 4 * (1/4)^(1/100); 3 * (1/2)^(1/100), up to (1/3)^100
    causes = [
        (lambda v: not np.isfinite(v).all(), "4^100 is beyond float32: take the largest cell out first, see hint 2."),
        (lambda v: v.max() > 1e6, "The p-th root is missing: see hint 1."),
    ]
    expect_close(
        generalised_mean(x.clone(), 100.0), [[3 * 0.5**0.01, 4 * 0.25**0.01]], "p = 100, close to 3 and 4", causes
    )
    causes = [(lambda v: np.isnan(v).any(), "0 / 0: a channel may be 0 everywhere after a ReLU, see hint 3.")]
    expect_close(generalised_mean(torch.zeros(1, 1, 2, 2), 3.0), [[0]], "a channel that is 0 everywhere", causes, 1e-4)
    return "p = 1, 2, 100, and an empty channel"


@exercise("02.4", "BatchNorm, in both modes")
def check_batch_norm(batch_norm: Any) -> str:
    """`batch_norm(x, mean, var, training)`: (B, d); mean, var: running statistics (d,); eps 1e-5, no gain or offset."""
    x, mean, var = torch.tensor([[1.0, 10.0], [3.0, 30.0]]), torch.tensor([0.0, 10.0]), torch.tensor([4.0, 100.0])
    by_running = [[0.5, 0], [1.5, 2]]
    by_batch = [[-1, -1], [1, 1]]  # batch mean 2, 20; deviation 1, 10
    sides = x.clone(), mean.clone(), var.clone()
    expect_close(
        batch_norm(*sides, True),
        by_batch,
        "training, a batch of (1, 10) and (3, 30)",
        [
            (by_running, "In training the batch's own statistics are used: see hint 1."),
            (lambda v: np.allclose(np.abs(v), 0.7071, atol=1e-3), "Divide by B, not B - 1: unbiased=False, hint 2."),
            (lambda v: np.allclose(v, [[-1, 1], [-1, 1]], atol=1e-3), "Average over the batch, axis 0: see hint 1."),
            (lambda v: np.allclose(v, [[-1, -0.1], [1, 0.1]], atol=1e-3), "Divide by the deviation, not the variance."),
            (lambda v: np.allclose(v, [[-1, -10], [1, 10]]), "The division by the deviation is missing: see hint 2."),
        ],
        1e-4,
    )
    expect_close(
        batch_norm(*sides, False),
        by_running,
        "not training, the same batch, running mean (0, 10) and variance (4, 100)",
        [
            (by_batch, "Outside of training the running statistics are used, whatever the batch is: see hint 1."),
            (
                lambda v: np.allclose(v, [[0.25, 0], [0.75, 0.2]], atol=1e-3),
                "Divide by the deviation, not the variance.",
            ),
        ],
        1e-4,
    )
    small = torch.tensor([[-0.001], [0.001]])  # variance 1e-6, so 0.001 / sqrt(1.1e-5) = 0.3015
    expect_close(
        batch_norm(small, mean[:1], var[:1], True),
        [[-0.301511], [0.301511]],
        "training, a batch of -0.001 and 0.001",
        [
            (lambda v: np.allclose(np.abs(v), 0.990, atol=2e-3), "eps is added to the variance, not to the deviation."),
            (lambda v: np.allclose(np.abs(v), 1, atol=1e-3), "eps = 1e-5 is missing: see hint 3."),
        ],
    )
    constant = torch.full((2, 1), 2.0)
    causes = [(lambda v: np.isnan(v).any(), "0 / 0: eps = 1e-5 keeps it finite, see hint 3.")]
    expect_close(batch_norm(constant, mean[:1], var[:1], True), [[0], [0]], "training, a batch of 2 and 2", causes)
    return "4 batches"


class Corners(nn.Module):
    """A model to test `embed` with: its feature is three corners of an image, through a BatchNorm that does nothing
    in evaluation mode. It notes the mode of each forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3, eps=1e-12)  # its gain is 1, and would record a gradient
        self.modes: list[bool] = []

    def features(self, x: Tensor) -> tuple[Tensor]:
        """(top left, bottom left, top right) of the first channel."""
        self.modes.append(self.norm.training)
        first = x[:, 0]
        return (self.norm(torch.stack([first[:, 0, 0], first[:, -1, 0], first[:, 0, -1]], dim=1)),)


@exercise("02.5", "The feature of a picture")
def check_embed(embed: Any) -> str:
    """`embed(model, x)`: (N, 3, H, W) -> (N, d); image and mirror image, unit length, evaluation mode."""
    model = Corners()
    x = torch.tensor([[[3.0, 0.0], [4.0, 0.0]], [[0.0, 4.0], [0.0, 3.0]]])[:, None].repeat(1, 3, 1, 1)
    # image 1: (3, 4, 0), mirrored (0, 0, 3); unit: (.6, .8, 0) + (0, 0, 1); image 2 the other way round
    r = math.sqrt(0.5)
    right = [[0.6 * r, 0.8 * r, r], [0.8 * r, 0.6 * r, r]]
    got = embed(model, x.clone())
    expect(model.modes, "model.features was never called.")
    if any(model.modes):
        expect(False, "BatchNorm normalised by this batch: call model.eval() before, see hint 3.")
    unit = [[0.6, 0.8, 0], [0, 0, 1]]
    expect_close(
        got,
        right,
        "two images, whose corners are (3, 4, 0), mirrored (0, 0, 3); and the other way round",
        [
            (unit, "The mirror image is missing: see hint 1."),
            ([[3, 4, 0], [0, 0, 4]], "Neither mirrored nor of length 1: see hints 1 and 2."),
            ([[0.6, 0.8, 1], [0.8, 0.6, 1]], "The sum is not of length 1: normalise it again, see hint 2."),
            ([[0.3, 0.4, 0.5], [0.4, 0.3, 0.5]], "The mean is not of length 1: normalise it again, see hint 2."),
            (
                lambda v: np.allclose(v[0], np.array([3, 4, 3]) / math.sqrt(34), atol=1e-4),
                "Normalise each view before you add them, or the one with large numbers decides: see hint 2.",
            ),
            (lambda v: np.allclose(v[0], [3, 4, 3], atol=1e-4), "Normalise, before and after adding: see hint 2."),
            (
                lambda v: np.allclose(v[0], [r, r, 0], atol=1e-4),
                "That is upside down: mirror the columns, the last axis, see hint 1.",
            ),
            (
                lambda v: v.shape == (2, 3) and np.allclose(np.linalg.norm(v, axis=0), 1, atol=1e-3),
                "Columns have length 1; rows should: normalise along axis 1, see hint 2.",
            ),
        ],
    )
    expect(not getattr(got, "requires_grad", False), "Nobody will learn from this: work under torch.no_grad().")
    expect(model.training and model.norm.training, "The model is left in evaluation mode; it came in training mode.")
    embed(model.eval(), x.clone())
    expect(not model.training, "The model is left in training mode; it came in evaluation mode: see hint 3.")
    return "2 images, evaluation mode, left as it was"


@exercise("02.6", "Wrong in the same clothes")
def check_same_outfit(same_outfit: Any) -> str:
    """`same_outfit(first, query_ids, gallery_ids, query_outfits, gallery_outfits)` -> (share, chance)."""
    gallery_ids, gallery_outfits = np.array([1, 2, 3, 4]), np.array([0, 0, 1, 2])
    query_ids, query_outfits = np.array([1, 3, 1]), np.array([0, 1, 0])
    first = np.array([1, 0, 0])
    # query 1: first is person 2 in the same outfit; query 2: person 1 in another; query 3: right, does not count
    # chance: persons 2, 3, 4 wear 0, 1, 2 -> 1/3; persons 1, 2, 4 wear 0, 0, 2, none of them 1 -> 0
    sides = first, query_ids, gallery_ids, query_outfits, gallery_outfits
    got = same_outfit(*(each.copy() for each in sides))
    expect(isinstance(got, tuple | list) and len(got) == 2, "Return two numbers: the share, and chance.")
    expect_close(
        got[0],
        1 / 2,
        "the share: of three queries, one wrong in the same outfit, one wrong in another, one right",
        [
            (2 / 3, "A right answer wears the same outfit, too; only wrong ones count: see hint 1."),
            (1 / 3, "Divide by the number of wrong answers, not of queries: see hint 1."),
            (1, "Count pairs, not queries: one of two wrong answers wears the outfit: see hint 1."),
        ],
    )
    expect_close(
        got[1],
        1 / 6,
        "chance: 1 of 3 wrong candidates for the one, 0 of 3 for the other",
        [
            (3 / 8, "The person's own images are no wrong candidates: leave them out, see hint 2."),
            (1 / 8, "Divide by the number of wrong candidates, not by the whole gallery: see hint 2."),
            (2 / 9, "Average over the queries whose first rank is wrong alone: see hint 3."),
            (1 / 3, "Average over both wrong queries; one of them has no candidate in its outfit: see hint 3."),
            (1 / 2, "That is the share once more: chance is over all wrong candidates, see hint 2."),
        ],
    )
    return "3 queries"
