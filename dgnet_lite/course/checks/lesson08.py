"""Checks of lesson 08: eq. (8) and its slope, five styles of label, asking the teacher, the camera, feeding back.

Every expected number is worked by hand; the working stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dgnet_lite.course.checks.core import exercise, expect, expect_close

LOG2, LOG3 = math.log(2), math.log(3)


@exercise("08.1", "The divergence of eq. (8)")
def check_primary(primary: Callable) -> str:
    """`primary(logits, q)`: (B, K), (B, K) rows that sum to 1 -> scalar."""
    logits = torch.tensor([[1.0, 1, 2], [3, 3, 2]]).log()  # p = 1/4 1/4 1/2 and 3/8 3/8 1/4
    q = torch.tensor([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]])
    # first row: 1/2 log 2 + 0 + 1/4 log 1/2 = log 2 / 4; second: 1/2 log 2/3 + 1/2 log 2 = log 2 - log 3 / 2
    first, second = LOG2 / 4, LOG2 - LOG3 / 2
    mean = (first + second) / 2
    # the other way round: 1/4 log 1/2 + 1/2 log 2 = log 2 / 4; 3/4 log 3/2 + 1/4 log 1/2 = 3/4 log 3 - log 2
    turned = (LOG2 / 4 + 0.75 * LOG3 - LOG2) / 2
    entropy = 1.5 * LOG2  # of either row of q
    causes = [
        (turned, "That is KL(p || q), the other way round: the weights are the teacher's q: see hint 1."),
        (mean + entropy, "That is the cross-entropy: log q is missing inside: see hint 2."),
        (-mean, "The sign is turned: q log(q / p), or -q log(p / q): see hint 1."),
        (first + second, "That is the sum over the images; take the mean: see hint 3."),
        (mean / 3, "You take the mean over persons, too; eq. (8) sums over k: see hint 3."),
        (mean / LOG2, "That is the logarithm to base 2; take the natural one: see hint 1."),
        (lambda v: v.shape == (2,), "That is one number an image: take the mean over the batch, too: see hint 3."),
        (float(_on_scores(logits, q)), "Those are scores, not log p: log_softmax along axis 1: see hint 2."),
    ]
    expect_close(primary(logits, q), mean, "two images, three persons", causes)
    sure = torch.tensor([[0.0, 1.0]])
    causes = [(lambda v: not np.isfinite(v), "0 log 0 counts as 0 here, not as NaN: see hint 3.")]
    causes += [(lambda v: v > 0.7, "0 log 0 counts as 0 here: see hint 3.")]
    expect_close(
        primary(torch.zeros(1, 2), sure), LOG2, "a teacher that is quite sure, q = (0, 1); p = (1/2, 1/2)", causes
    )
    far = torch.tensor([[1000.0, 0.0]])
    causes = [
        (lambda v: not np.isfinite(v), "e^1000 is infinite in float32: log_softmax takes the largest out: hint 2.")
    ]
    causes += [(lambda v: v < 900, "The loss stops growing: a clamp or an epsilon cuts log p off: see hint 2.")]
    expect_close(primary(far, sure), 1000.0, "scores 1000 and 0, q = (0, 1)", causes)
    return "by hand, with q = 0 and scores of 1000"


def _on_scores(logits: Tensor, q: Tensor) -> Tensor:
    return (q * (q.log() - logits)).sum(dim=1).mean()


@exercise("08.2", "What the student hears")
def check_primary_slope(primary_slope: Callable) -> str:
    """`primary_slope(logits, q)`: (B, K) twice -> (B, K), the slope of eq. (8) by the scores."""
    logits = torch.tensor([[1.0, 1, 2], [3, 3, 2]]).log()
    p, q = torch.tensor([[0.25, 0.25, 0.5], [0.375, 0.375, 0.25]]), torch.tensor([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]])
    # d/dz_k of -sum q log p: log p_l = z_l - log sum e^z, so it is p_k - q_k; the mean over two halves it
    wanted = (p - q) / 2
    hard = torch.eye(3)[q.argmax(dim=1)]
    causes = [
        (p - q, "The loss is a mean over B images, so each counts 1/B: see hint 3."),
        (
            (q - p) / 2,
            "Your sign is turned: where q is larger than p, the score must rise, so the slope is negative: hint 2.",
        ),
        (q - p, "Your sign is turned, and 1/B is missing: see hints 2 and 3."),
        (-q / p / 2, "That is the slope by p; eq. (8) is asked for by the scores, softmax lies between: see hint 1."),
        ((p - hard) / 2, "That is the slope for a one-hot label: take q itself: see hint 2."),
        ((p - q) / 6, "You divide by the number of persons, too; eq. (8) sums over k: see hint 3."),
        (
            p * ((p / q).log() - (p * (p / q).log()).sum(dim=1, keepdim=True)) / 2,
            "That is the slope of KL(p || q): hint 1.",
        ),
    ]
    expect_close(primary_slope(logits.clone(), q.clone()), wanted, "two images, three persons", causes)
    sure = torch.tensor([[0.0, 1.0]])
    wanted = torch.tensor([[0.5, -0.5]])
    expect_close(primary_slope(torch.zeros(1, 2), sure), wanted, "q = (0, 1), p = (1/2, 1/2)", [])
    return "-1/8 0 1/8; 1/16 1/16 -1/8"


@exercise("08.3", "Five labels")
def check_labels_of(labels_of: Callable) -> str:
    """`labels_of(p, y_i, y_j)`: (B, K), (B,), (B,) -> dict of (B, K): one_hot, pseudo, lsro, two_label, soft."""
    p = torch.tensor([[0.25, 0.125, 0.5, 0.125], [0.75, 0.0, 0.25, 0.0], [0.5, 0.25, 0.125, 0.125]])
    y_i, y_j = torch.tensor([1, 3, 0]), torch.tensor([0, 1, 0])  # the third has one giver for both
    got = labels_of(p.clone(), y_i.clone(), y_j.clone())
    names = ("one_hot", "pseudo", "lsro", "two_label", "soft")
    expect(isinstance(got, dict), "Return a dictionary, a label for each name.")
    missing = [name for name in names if name not in got]
    expect(not missing, f"No label by the name {missing[:1]}: the five are {', '.join(names)}.")
    eye = torch.eye(4)
    expect_close(got["soft"], p, "soft: the teacher's answer itself", [])
    causes = [(eye[y_j], "That is whoever gave the body: the clothes count, y_i: see hint 1.")]
    expect_close(got["one_hot"], eye[y_i], "one_hot: all of it to y_i", causes)
    causes = [
        (
            lambda v: v.shape == (3, 4) and v[0, 0] == 1,
            "The teacher's first choice may be a third person: argmax over all K: see hint 1.",
        ),
        (lambda v: v.shape == (3,), "That is a class number; make a row with a 1 there: see hint 1."),
        ((p == p.amax(dim=1, keepdim=True)).float() * p, "The first choice gets all of it, 1: see hint 1."),
    ]
    expect_close(got["pseudo"], eye[[2, 0, 0]], "pseudo: all of it to the teacher's first choice", causes)
    causes = [
        (
            torch.full((3, 4), 1 / 3),
            "A row must sum to 1: 1/K for each of K persons; you divide by the batch or by K - 1.",
        ),
        (lambda v: v.shape == (4,), "One row for each image: (B, K): see hint 2."),
        (lambda v: np.allclose(v.sum(axis=1), 1), "LSRO gives everybody the same, the givers too: 1/K: see hint 2."),
    ]
    expect_close(got["lsro"], torch.full((3, 4), 0.25), "lsro: the same to everybody", causes)
    # 0.125 and 0.25 of 0.375; nobody, so half each; all to the one giver
    two = torch.tensor([[2 / 3, 1 / 3, 0, 0], [0, 0.5, 0, 0.5], [1, 0, 0, 0]])
    halves = torch.tensor([[0.5, 0.5, 0, 0], [0, 0.5, 0, 0.5], [1, 0, 0, 0]])
    causes = [
        (
            lambda v: np.isnan(v).any(),
            "0/0: where the teacher gives neither any probability, each gets half: see hint 3.",
        ),
        (lambda v: np.abs(v[1]).sum() < 0.5, "The second row sums to 0: then each giver gets half: see hint 3."),
        (lambda v: abs(v[0].sum() - 0.375) < 1e-4, "Divide by p(y_i) + p(y_j), so that the row sums to 1: see hint 3."),
        (
            lambda v: abs(v[2].sum() - 0.5) < 1e-3 or abs(v[2].sum() - 2) < 1e-3,
            "Where y_i = y_j, all of it is theirs, once.",
        ),
        (halves, "It is dynamic: the teacher says how much of each, not one half always: see hint 3."),
    ]
    expect_close(got["two_label"], two, "two_label: shared between the givers alone", causes)
    return "three images, four persons"


MIRROR = (
    "mirror is False here; the mirror image is asked all the same, or BatchNorm is in training mode: hints 1 and 3."
)


class _Echo(nn.Module):
    """A teacher of the checks: the scores are two pixels of the picture, through BatchNorm and dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.dropout = nn.BatchNorm1d(2, eps=1e-9), nn.Dropout(0.5)
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * self.dropout(self.norm(x[:, 0, 0, :]))


@exercise("08.4", "Asking the teacher")
def check_ask(ask: Callable) -> str:
    """`ask(teacher, x, mirror)`: (B, 3, H, W) -> probabilities (B, K), mirror a truth value."""
    x = torch.zeros(2, 3, 1, 2)
    x[:, 0, 0, :] = torch.tensor([[LOG3, 0.0], [3 * LOG3, 0.0]])
    # p = 3/4 1/4 and 27/28 1/28; of the mirror image the same, exchanged, so the mean is 1/2 1/2
    teacher = _Echo().train()
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    got = ask(teacher, x.clone(), False)
    expect(isinstance(got, Tensor), "Return a tensor of probabilities.")
    wanted = torch.tensor([[3 / 4, 1 / 4], [27 / 28, 1 / 28]])
    told = "The teacher was in training mode, so dropout and the batch decide: call teacher.eval() first: see hint 1."
    causes = [
        (torch.full((2, 2), 0.5), MIRROR),
        (x[:, 0, 0, :], "Those are scores: softmax along axis 1 is missing: see hint 2."),
        (wanted.log(), "Those are logarithms: softmax, not log_softmax: see hint 2."),
        (x[:, 0, 0, :].softmax(dim=0), "The probabilities of one image add up to 1: softmax along axis 1: see hint 2."),
        (lambda v: v.shape == (2, 2) and np.allclose(v.sum(axis=1), 1, atol=1e-4), told),
    ]
    expect_close(got, wanted, "without mirror", causes)
    moved = [name for name, value in teacher.state_dict().items() if not torch.equal(value, before[name])]
    expect(not moved, f"The teacher was changed ({moved[:1]}): its BatchNorm learnt from the pictures: see hint 1.")
    expect(not got.requires_grad, "The label carries a gradient to the teacher: ask under torch.no_grad(): see hint 1.")
    lopsided = _Lopsided().train()
    x_wide = torch.zeros(2, 3, 2, 2)
    x_wide[:, 0] = torch.tensor([[[LOG3, 0.0], [5.0, 5.0]], [[3 * LOG3, LOG3], [5.0, 5.0]]])
    # its scores are (left, 0) of the top row: log 3 and 0, mirrored 0 and 0; 3 log 3 and 0, mirrored log 3 and 0
    straight, mirrored = torch.tensor([3 / 4, 27 / 28]), torch.tensor([1 / 2, 3 / 4])
    wanted = torch.stack([(straight + mirrored) / 2, 1 - (straight + mirrored) / 2], dim=1)
    by_scores = torch.tensor([LOG3 / 2, 2 * LOG3]).sigmoid()
    causes = [
        (
            torch.stack([by_scores, 1 - by_scores], dim=1),
            "You average the scores; average the probabilities: see hint 3.",
        ),
        (torch.stack([straight, 1 - straight], dim=1), "The mirror image is not asked: x.flip(3) as well: see hint 3."),
        (
            torch.stack([mirrored, 1 - mirrored], dim=1),
            "The mirror image alone is asked: take the mean of both: see hint 3.",
        ),
        (2 * wanted, "That is the sum of both answers; take the mean: see hint 3."),
        (lambda v: v.shape == (2, 2), "Mirror left and right: axis 3 of (B, 3, H, W): see hint 3."),
    ]
    expect_close(ask(lopsided, x_wide, True), wanted, "with mirror", causes)
    return "3/4 and 27/28 by hand, and the mean with the mirror image"


class _Lopsided(nn.Module):
    """A teacher of the checks whose scores are (top left pixel, 0)."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        left = self.gain * x[:, 0, 0, 0]
        return torch.stack([left, torch.zeros_like(left)], dim=1)


@exercise("08.5", "How far an answer follows the camera")
def check_camera_excess(camera_excess: Callable) -> str:
    """`camera_excess(q, cameras, seen)`: (B, K), (B,) from 0, bool (C, K) -> scalar."""
    q = torch.tensor([[0.5, 0.25, 0.25, 0.0], [0.125, 0.125, 0.25, 0.5], [0.25, 0.25, 0.25, 0.25]])
    seen = torch.tensor([[1, 0, 0, 0], [0, 1, 1, 1]], dtype=torch.bool)
    cameras = torch.tensor([0, 1, 0])
    # on those seen there: 1/2, 7/8, 1/4; by chance 1/4, 3/4, 1/4; excess 1/4, 1/8, 0; mean 1/8
    causes = [
        (
            (0.5 + 0.875 + 0.25) / 3,
            "The part that chance gives is missing: subtract the share of people seen there: hint 2.",
        ),
        (0.375, "That is the sum over the images; take the mean: see hint 3."),
        (
            (0.5 + 0.875 + 0.25) / 3 - 0.5,
            "Chance differs by camera: for each image the share of *its* camera: see hint 2.",
        ),
        ((2 + 7 / 6 + 1) / 3, "That is a ratio; subtract: see hint 2."),
        (lambda v: v.shape == (3,), "That is one number an image: take the mean: see hint 3."),
        ((0.5 + 0.875 / 3 + 0.25) / 3 - 5 / 12, "Sum q over the people seen, do not average it: see hint 1."),
        (-0.125, "It is turned round: probability minus chance: see hint 2."),
    ]
    expect_close(camera_excess(q, cameras, seen), 0.125, "three pictures, two cameras, four persons", causes)
    even = torch.full((2, 4), 0.25)
    expect_close(camera_excess(even, torch.tensor([1, 0]), seen), 0.0, "a teacher that says the same of everybody", [])
    return "1/8 by hand, 0 for an even answer"


@exercise("08.6", "Fed back")
def check_feed_back(feed_back: Callable) -> str:
    """`feed_back(E_a, teacher, x, y_j)`: 0.5 (eq. (8) + 0.2 eq. (9)); E_a(x) is (prim scores, fine scores)."""
    g, a, t = (torch.tensor(1.0, requires_grad=True) for _ in range(3))
    x = g * torch.tensor([LOG3, 0.0]).reshape(2, 1, 1, 1).expand(-1, 3, 2, 2)
    # s = log 3 and 0. Prim scores (a s, 0): p = 3/4 1/4 and 1/2 1/2; teacher (-2 t s, 0): q = 1/10 9/10 and 1/2 1/2.
    # KL of the first: 1/10 log 2/15 + 9/10 log 18/5, of the second 0. Fine scores (2 a s, 0): 9/10 and 1/2; y_j = 1, 0
    prim, fine = (0.1 * math.log(2 / 15) + 0.9 * math.log(3.6)) / 2, (math.log(10) + LOG2) / 2
    turned = (0.75 * math.log(7.5) - 0.25 * math.log(3.6)) / 2
    total = 0.5 * (prim + 0.2 * fine)
    got = feed_back(_student(a), _judge(t), x, torch.tensor([1, 0]))
    causes = [
        (prim + 0.2 * fine, "The weight 0.5 is missing: see hint 1."),
        (0.5 * prim + 0.2 * fine, "The 0.5 is for both: lambda_fine = 0.2 lambda_prim: see hint 1."),
        (0.5 * (prim + fine), "Eq. (9) has 0.2 of the weight of eq. (8): see hint 1."),
        (0.5 * prim, "Eq. (9) is missing: see hint 1."),
        (0.1 * fine, "Eq. (8) is missing: see hint 1."),
        (0.5 * (prim + 0.2 * (math.log(4) + LOG2) / 2), "Eq. (9) asks the fine head, the second scores: see hint 1."),
        (0.5 * (turned + 0.2 * fine), "Eq. (8) is turned round: the weights are the teacher's: exercise 08.1."),
    ]
    expect_close(got, total, "the loss", causes)
    expect(isinstance(got, Tensor) and got.requires_grad, "Nothing can learn from it: is it detached as a whole?")
    slopes = torch.autograd.grad(got, (a, g, t), allow_unused=True)
    by_a, by_g, by_t = (0.0 if slope is None else float(slope) for slope in slopes)
    expect(by_t == 0, "The teacher learns from it: ask it under torch.no_grad(): see hint 2.")
    expect(by_g == 0, "The gradient reaches the picture, and so G, which could make it easy: detach x: see hint 2.")
    # by a: eq. (8) (3/4 - 1/10) log 3 / 2; eq. (9) 2 * 9/10 log 3 / 2; the second image has s = 0
    wanted = 0.5 * (0.325 + 0.2 * 0.9) * LOG3
    causes = [
        (0.0, "E_a learns nothing: only x and the teacher stand outside the gradient: see hint 3."),
        (0.5 * 0.325 * LOG3, "Eq. (9) does not reach E_a: see hint 3."),
        (0.09 * LOG3, "Eq. (8) does not reach E_a: the student's side must not be detached: see hint 3."),
    ]
    expect_close(by_a, wanted, "slope by E_a's weight", causes)
    return "by hand, with the slopes of E_a, of the picture and of the teacher"


def _student(a: Tensor) -> Callable:
    def e_a(x: Tensor) -> tuple[Tensor, Tensor]:
        return _pair(a * _brightness(x)), _pair(2 * a * _brightness(x))

    return e_a


def _judge(t: Tensor) -> Callable:
    return lambda x: _pair(-2 * t * _brightness(x))


def _brightness(x: Any) -> Tensor:
    return x.mean(dim=(1, 2, 3))


def _pair(score: Tensor) -> Tensor:
    return torch.stack([score, torch.zeros_like(score)], dim=1)
