"""Checks of lesson 06: eqs. (1) to (3), who gives which code, positives, nearness of codes, who learns from the stage.

Every expected number is worked by hand; the working stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dgnet_lite.course.checks.core import exercise, expect, expect_close


@exercise("06.1", "Image reconstruction")
def check_image_reconstruction(image_reconstruction: Callable) -> str:
    """`image_reconstruction(x, reconstruction)`: (B, 3, H, W) twice -> scalar."""
    x = torch.ones(2, 3, 2, 1)
    difference = torch.tensor([[1.0, -2, 3, 0, 0, 0], [6, 0, 0, 0, 0, 0]]).reshape(2, 3, 2, 1)
    # |differences| add up to 6 in either image: 12 over 12 numbers; their squares add up to 14 and 36
    causes = [
        (12, "That is the sum over all numbers; take the mean: see hint 2."),
        (6, "That is the sum over an image, as the norm is written; the package takes the mean of it, too: hint 2."),
        (3, "You add up the three channels; they are averaged like the pixels: see hint 2."),
        (50 / 12, "Those are squares: an L2 loss. Eq. (1) has the absolute value: see hint 1."),
        (math.sqrt(50 / 12), "That is the root of the mean square: see hint 1."),
        ((math.sqrt(14) + 6) / 2, "That is the length of the difference, an L2 norm; eq. (1) has L1: see hint 1."),
        (lambda v: near(abs(v), 8 / 12), "Errors up and down cancel each other: take absolute values: see hint 1."),
        (lambda v: v.shape == (2,), "That is one number an image: take the mean over the batch, too: see hint 2."),
    ]
    expect_close(image_reconstruction(x, x + difference), 1.0, "two images of 3 x 2 numbers", causes)
    expect_close(image_reconstruction(x, x.clone()), 0.0, "an image and itself", [])
    return "1 by hand, and 0 for a perfect copy"


LABELS, CAMERAS = [7, 4, 7, 9, 7, 4, 7, 4], [1, 1, 2, 2, 1, 1, 3, 1]
OTHERS = {0: {2, 6}, 2: {0, 4, 6}, 6: {0, 2, 4}, 1: {5, 7}, 3: {3}}
"""Person 7 is in rows 0 and 4 (camera 1), 2 (camera 2), 6 (camera 3); 4 in camera 1 alone; 9 has one image."""
DRAWS = 600


@exercise("06.2", "A positive")
def check_positive_of(positive_of: Callable) -> str:
    """`positive_of(i, labels, cameras, generator)`: row of x_t; labels and cameras (N,), a torch.Generator."""
    labels, cameras = torch.tensor(LABELS), torch.tensor(CAMERAS)
    found = {}
    for i in OTHERS:
        generator = torch.Generator().manual_seed(i)
        found[i] = [_row(positive_of(i, labels, cameras, generator)) for _ in range(DRAWS)]
    drawn = {i: set(rows) for i, rows in found.items()}
    strangers = [i for i, rows in drawn.items() if any(LABELS[t] != LABELS[i] for t in rows)]
    expect(not strangers, "x_t is another person than x_i in some draws: the labels must agree: see hint 1.")
    itself = [i for i, rows in drawn.items() if i in rows and i not in OTHERS[i]]
    told = "x_t is x_i itself in some draws, so that eq. (2) becomes eq. (1)"
    expect(1 not in itself, f"{told}; row 1 has others, if in the same camera only: see hint 2.")
    expect(not itself, f"{told}: leave row i out: see hint 1.")
    near_by = any(CAMERAS[t] == CAMERAS[i] for i in (0, 2, 6) for t in drawn[i])
    expect(not near_by, "x_t is from x_i's own camera although there are others: see hint 2.")
    expect(any(len(drawn[i]) > 1 for i in OTHERS), "Every draw gives the same row: draw by lot, see hint 3.")
    missed = {i: OTHERS[i] - drawn[i] for i in OTHERS if OTHERS[i] - drawn[i]}
    expect(not missed, f"Some rows are never drawn (row: missing): {missed}. Is the upper end of the draw off by one?")
    for i in (2, 6):  # 200 of 600 each; the deviation of such a count is 12
        counts = [found[i].count(t) for t in OTHERS[i]]
        expect(min(counts) > 140, f"Rows should be drawn equally often; for row {i} it was {counts}: see hint 3.")
    again = [_row(positive_of(2, labels, cameras, torch.Generator().manual_seed(2))) for _ in range(20)]
    expect(set(again) == {again[0]}, "The same generator gives another row: take all chance from it: see hint 3.")
    return f"{DRAWS} draws each for 5 images"


def _row(answer: Any) -> int:
    """The answer as a row number."""
    expect(answer is not None, "your code returned nothing: is `return` missing?")
    values = np.asarray(answer)
    expect(values.size == 1, f"Return one row number; this is of shape {values.shape}.")
    row = float(values.reshape(()))
    expect(row == int(row) and 0 <= row < len(LABELS), f"{row:g} is no row: they go from 0 to {len(LABELS) - 1}.")
    return int(row)


def colours(*channels: list[float]) -> Tensor:
    """Images of one colour each, (B, 3, 4, 2)."""
    return torch.tensor(channels)[:, :, None, None].expand(-1, -1, 4, 2).clone()


def structure(x: Tensor) -> Tensor:
    """An E_s of the checks: the grey image itself."""
    if x.shape[1] != 1:
        raise ValueError(f"E_s wants a grey image, (B, 1, H, W), and got {tuple(x.shape)}: see hint 1")
    return x


@exercise("06.3", "Whose code, whose picture")
def check_self_identity(self_identity: Callable) -> str:
    """`self_identity(E_a, E_s, G, x_i, x_t)`: (eq. (1), eq. (2)); G is called as G(s, a)."""
    x_i, x_t = colours([1.0, 2, 6], [1, 2, 6]), colours([4.0, 4, 10], [4, 4, 20])
    # greys: 3 and 3; 6 and 28/3. E_a gives blue: a_i = 6, a_t = 10 and 20. G(s, a) = 2 s + 100 a in all channels,
    # always above the picture, so that each error is 2 s + 100 a - grey
    got = self_identity(lambda x: x[:, -1:].mean(dim=(2, 3), keepdim=True), structure, painted, x_i, x_t)
    expect(isinstance(got, tuple | list) and len(got) == 2, "Return two losses: `return loss_1, loss_2`.")
    causes = [
        (309, "G(s, a): structure comes first, then appearance: see hint 1."),
        (303, "E_a reads the colour image; only E_s gets the grey one: see hint 1."),
        (600 + 2 * LUMINANCE - 3, "Grey is here the mean of the three channels: see hint 1."),
        (1503, "This is eq. (2): eq. (1) comes first. Its code is x_i's own."),
        (1206, "That is the sum over the batch; take the mean: see hint 3."),
    ]
    expect_close(got[0], 603.0, "eq. (1): |2 * 3 + 100 * 6 - x_i| on average", causes)
    causes = [
        (603, "That is eq. (1) again: here the appearance is a_t: see hint 2."),
        ((609 + 600 + 56 / 3 - 3) / 2, "Codes are exchanged: a_t is from x_t, s_i from x_i: see hint 2."),
        ((1009 + 2000 + 56 / 3 - 3) / 2, "Both codes are of x_t; the structure must be that of x_i: see hint 2."),
        ((1006 + 2000 + 28 / 3) / 2, "This makes x_t from itself; eq. (2) makes x_i, with a_t: see hint 2."),
        ((1000 + 2006 - 28 / 3) / 2, "You compare with x_t; both equations ask for x_i: see hint 3."),
        (3006, "That is the sum over the batch; take the mean: see hint 3."),
    ]
    expect_close(got[1], 1503.0, "eq. (2): a_t = 10 and 20 on s_i = 3", causes)
    return "603 and 1503 by hand"


LUMINANCE = 0.299 * 1 + 0.587 * 2 + 0.114 * 6
"""What x_i of 06.3 is in the grey of television."""


def painted(s: Tensor, a: Tensor) -> Tensor:
    """A G of the checks: 2 s + 100 a in three channels."""
    return (2 * s + 100 * a).expand(-1, 3, 4, 2)


@exercise("06.4", "Identification of both images")
def check_identification_of_both(identification: Callable) -> str:
    """`identification(logits, y)`: (2B, K), of x_i then of x_t, and (B,) -> scalar."""
    parts = torch.tensor([[1.0, 2, 5], [1, 1, 1], [1, 6, 1], [1, 1, 2]])
    # exponentials of the scores; right ones, y = 1, 2, 1, 2: 2/8, 1/3, 6/8, 2/4
    rows = [math.log(4), math.log(3), math.log(4 / 3), math.log(2)]
    mean = sum(rows) / 4
    causes = [
        (sum(rows[:2]) / 2, "x_t is missing: the second half of the scores is of the same persons: see hint 2."),
        (sum(rows[2:]) / 2, "x_i is missing: the first half of the scores counts, too: see hint 2."),
        (
            (math.log(4) + math.log(3) + math.log(8) + math.log(2)) / 4,
            "The labels are in another order than the scores: y_1 y_2 y_1 y_2, not y_1 y_1 y_2 y_2: see hint 2.",
        ),
        (sum(rows), "That is the sum over the images; take the mean: see hint 3."),
        (sum(rows) / 2, "Twice too much: take the mean over all 2B images: see hint 3."),
        (mean / math.log(10), "That is the logarithm to base 10; take the natural one, torch.log: see hint 1."),
        (mean / math.log(2), "That is the logarithm to base 2; take the natural one, torch.log: see hint 1."),
        (-(1 / 4 + 1 / 3 + 3 / 4 + 1 / 2) / 4, "The logarithm is missing: see hint 1."),
        (-(math.log(2) + math.log(6) + math.log(2)) / 4, "Those are scores, not log probabilities: softmax, hint 1."),
        (_by_column(parts), "The probabilities of one image add up to 1: softmax along axis 1: see hint 1."),
    ]
    expect_close(identification(parts.log(), torch.tensor([1, 2])), mean, "two persons, twice each", causes)
    far = torch.tensor([[1000.0, 0.0], [0.0, 0.0]])
    causes = [
        (lambda v: not np.isfinite(v), "e^1000 is infinite in float32: use log_softmax or logsumexp: see hint 3."),
        (lambda v: v < 400, "The loss stops growing: a clamp or an epsilon cuts it off: see hint 3."),
    ]
    wanted = (1000 + math.log(2)) / 2
    expect_close(identification(far, torch.tensor([1])), wanted, "scores 1000 and 0, y = 1; then 0 and 0", causes)
    return "4 images of 2 persons"


def _by_column(parts: Tensor) -> float:
    share = parts.numpy() / parts.numpy().sum(axis=0)
    return float(-np.log([share[0, 1], share[1, 2], share[2, 1], share[3, 2]]).mean())


@exercise("06.5", "How near")
def check_nearness(nearness: Callable) -> str:
    """`nearness(codes, ids)`: (N, C, 4, 1), (N,) -> mean distance within persons / mean distance between them."""
    # in the plane: A (0,0) and B (3,4) are one person, 5 apart; C (0,8) and D (6,8) another, 6 apart; E (6,0) alone
    places, ids = torch.tensor([[0.0, 0], [0, 8], [3, 4], [6, 8], [6, 0]]), torch.tensor([2, 5, 2, 5, 8])
    within, between = (5 + 6) / 2, (8 + 10 + 6 + 5 + 5 + 5 + 10 + 8) / 8
    codes = torch.zeros(5, 3, 4, 1)
    codes[:, 0, 1, 0], codes[:, 2, 3, 0] = places.unbind(1)
    causes = [
        (22 / 9 / between, "Each image is at distance 0 from itself; leave these pairs out: see hint 2."),
        (between / within, "It is upside down: within a person over between persons."),
        (30.5 / 54.875, "Those are squared distances; take the root before the mean: see hint 1."),
        (6.5 / 8.875, "Those are sums of absolute differences; take Euclidean distances: see hint 1."),
        (within / 6.8, "Below must be pairs of different persons alone, not all pairs: see hint 2."),
        (within / 5.44, "Below must be pairs of different persons alone, not all pairs: see hint 2."),
        (11 / 57, "Those are sums of unlike many pairs; take means: see hint 2."),
        (lambda v: v.shape != (), "That is more than one number: flatten each code to one row first: see hint 1."),
        (between - within, "That is the difference; the ratio does not depend on the codes' scale: see hint 2."),
    ]
    expect_close(nearness(codes, ids), within / between, "five codes of three persons", causes)
    expect_close(nearness(7 * codes, ids), within / between, "codes seven times as large", [])
    return "5.5 / 7.125 by hand"


@exercise("06.6", "Who learns")
def check_stage_loss(stage_loss: Callable) -> str:
    """`stage_loss(E_a, E_s, G, x_i, x_t, y, detached)`: 5 (eq. (1) + eq. (2)) + eq. (3); E_a(x) is (code, logits)."""
    # all weights 1: a_i = 2, a_t = 4, s_i = 2, G = 4 and 6 where 2 is wanted: errors 2 and 4
    scores = (math.log1p(math.exp(-2)) + math.log1p(math.exp(-4))) / 2  # eq. (3): -log sigmoid of 2 and of 4
    causes = [
        (6 + scores, "The pictures' weight is missing: 5 times eqs. (1) and (2): see hint 1."),
        (14 + scores, "Eq. (2) has the weight 5, too: see hint 1."),
        (22 + scores, "Eq. (1) has the weight 5, too: see hint 1."),
        (5 * (6 + scores), "Eq. (3) has the weight 1; the 5 is for the pictures: see hint 1."),
        (30, "Eq. (3) is missing: see hint 1."),
        (10 + scores, "Eq. (2) is missing: see hint 1."),
        (20 + scores, "Eq. (1) is missing: see hint 1."),
        (30 + 2 * scores, "Eq. (3) is the mean over both images, not their sum: see hint 1."),
        (30 + math.log1p(math.exp(-2)), "Eq. (3) is asked of x_t, too: mean over both images: see hint 1."),
    ]
    by_identity = -(2 / (1 + math.exp(2)) + 4 / (1 + math.exp(4))) / 2  # of eq. (3) by E_a's weight
    for detached in (False, True):
        a, s, g = (torch.tensor(1.0, requires_grad=True) for _ in range(3))
        got = stage_loss(*_networks(a, s, g), colours([2.0] * 3), colours([4.0] * 3), torch.tensor([1]), detached)
        expect_close(got, 30 + scores, f"the loss, detached={detached}", causes)
        expect(isinstance(got, Tensor) and got.requires_grad, "Nothing can learn from it: is it detached as a whole?")
        slopes = torch.autograd.grad(got, (a, s, g), allow_unused=True)
        by_a, by_s, by_g = (0.0 if slope is None else float(slope) for slope in slopes)
        where = f"with detached={detached}"
        stopped = [(0, f"{where}: this network learns nothing. Only the code may be detached: see hint 2.")]
        expect_close(by_g, 50.0, f"{where}, slope by G's weight", stopped)
        expect_close(by_s, 20.0, f"{where}, slope by E_s's weight", stopped)
        if detached:
            causes_a = [
                (0, "E_a learns nothing: eq. (3) must reach it; detach the code, not what E_a returns: see hint 3."),
                (30 + by_identity, "The pictures still reach E_a: detach both codes: see hint 2."),
                (10 + by_identity, "Eq. (1) still reaches E_a: detach a_i as well: see hint 2."),
                (20 + by_identity, "Eq. (2) still reaches E_a: detach a_t as well: see hint 2."),
            ]
            expect_close(by_a, by_identity, f"{where}, slope by E_a's weight: eq. (3) alone", causes_a)
        else:
            causes_a = [
                (by_identity, "Here the pictures must reach E_a, too; you detach the codes always: see hint 2."),
                (0, "E_a learns nothing: is it called under torch.no_grad()? See hint 3."),
                (30, "Eq. (3) does not reach E_a: see hint 3."),
            ]
            expect_close(by_a, 30 + by_identity, f"{where}, slope by E_a's weight", causes_a)
    return "both ways, by the slopes of all three networks"


def _networks(a: Tensor, s: Tensor, g: Tensor) -> tuple[Callable, Callable, Callable]:
    """E_a, E_s and G of one weight each, for images of one colour."""

    def e_a(x: Tensor) -> tuple[Tensor, Tensor]:
        code = a * x.mean(dim=(1, 2, 3)).reshape(-1, 1, 1, 1)
        score = code.flatten(1)
        return code, torch.cat([torch.zeros_like(score), score], dim=1)

    return e_a, lambda x: s * structure(x), lambda structure, code: (g * (structure + code)).expand(-1, 3, 4, 2)


def near(value: object, wanted: float) -> bool:
    return abs(float(value) - wanted) < 1e-3
