"""Checks of lesson 07: all compositions, and the five arrows that must be cut. Expected numbers are worked by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from dgnet_lite.course.checks.core import exercise, expect, expect_close, expect_shape
from dgnet_lite.course.checks.lesson06 import colours, painted, structure


class Weight(nn.Module):
    """A network of one weight w: what it answers is made by `answer(w, x)`."""

    def __init__(self, w: float, answer: Callable[[Tensor, Tensor], object]) -> None:
        super().__init__()
        self.w, self.answer = nn.Parameter(torch.tensor(w)), answer

    def forward(self, x: Tensor) -> object:
        return self.answer(self.w, x)


def slopes(loss: Tensor, *of: Tensor) -> list[float]:
    """Slopes of the loss; 0 where none arrives."""
    expect(isinstance(loss, Tensor), "Return the loss as a tensor: is `return` missing, or is it a plain number?")
    if not loss.requires_grad:
        return [0.0] * len(of)
    found = torch.autograd.grad(loss, of, allow_unused=True, retain_graph=True)
    return [0.0 if slope is None else float(slope.sum()) for slope in found]


def still_learns(network: nn.Module) -> None:
    expect(all(p.requires_grad for p in network.parameters()), "Unfreeze the weights before you return: see hint 3.")
    expect(all(p.grad is None for p in network.parameters()), "Return the loss; the caller calls backward.")


@exercise("07.1", "All compositions")
def check_all_compositions(all_compositions: Callable) -> str:
    """`all_compositions(E_a, E_s, G, x)`: (N, 3, H, W) -> (N, N, 3, H, W)."""
    x, read = colours([1.0, 2, 6], [4, 4, 10], [0, 2, 1]), [0, 0]

    def e_a(image: Tensor) -> Tensor:
        read[0] += len(image)
        return image[:, -1:].mean(dim=(2, 3), keepdim=True)

    def e_s(image: Tensor) -> Tensor:
        read[1] += len(image)
        return structure(image)

    got = all_compositions(e_a, e_s, painted, x)
    # greys 3, 6, 1; a = 6, 10, 1; G = 2 s + 100 a
    want = torch.tensor([[606.0, 612, 602], [1006, 1012, 1002], [106, 112, 102]])
    one_axis = "Fold the pictures into N rows of N: see hint 3."
    expect_shape(got, (3, 3, 3, 4, 2), "three pictures", [((9, 3, 4, 2), one_axis)])
    causes = [(want.T, "[i, j] must have the clothes of i and the body of j; yours is the other way: see hint 2.")]
    expect_close(got[:, :, 0, 0, 0], want, "one number of each composition", causes)
    expect_close(got, want[:, :, None, None, None].expand(3, 3, 3, 4, 2), "all pixels")
    expect(max(read) <= 3, f"You encode {max(read)} pictures where N = 3 is enough: see hint 1.")
    return "9 by hand, of 3 + 3 encodings"


@exercise("07.2", "Targets do not learn")
def check_code_losses(code_losses: Callable) -> str:
    """`code_losses(E_a, E_s, G, a_i, s_j)`: (eq. (4), eq. (5)), G called as G(s, a)."""
    a_i = torch.full((1, 1, 1, 1), 2.0, requires_grad=True)
    s_j = torch.ones(1, 1, 4, 2, requires_grad=True)
    e_a = Weight(3.0, lambda w, x: w * x.mean(dim=(1, 2, 3)).reshape(-1, 1, 1, 1))
    e_s = Weight(5.0, lambda w, x: w * structure(x))
    # G = s + 4 a = 9; E_a says 27, 25 away from 2; E_s says 45, 44 away from 1
    got = code_losses(e_a, e_s, lambda s, a: (s + 4 * a).expand(-1, 3, 4, 2), a_i, s_j)
    expect(isinstance(got, tuple | list) and len(got) == 2, "Return two losses, eq. (4) first.")
    causes = [
        (44, "That is eq. (5): eq. (4) comes first."),
        (625, "Absolute values, not squares: see hint 1."),
        (16, "It is G(s, a): the structure comes first."),
    ]
    expect_close(got[0], 25.0, "eq. (4): |2 - 27|", causes)
    causes = [(352, "Take the mean over the code, not the sum: see hint 1."), (1936, "Not squares: see hint 1.")]
    expect_close(got[1], 44.0, "eq. (5): |1 - 45|", causes)
    by_a, by_s, by_judge = slopes(got[0], a_i, s_j, e_a.w)  # by a_i 3 * 4; as a target it would take 1 away
    causes = [
        (11, "The target a_i learns, too: detach it where it is compared: see hint 2."),
        (0, "a_i must still learn as what G is given: detach the target alone: see hint 3."),
        (-1, "The way through G is cut and the target learns: it must be the other way: see hint 3."),
    ]
    expect_close(by_a, 12.0, "slope of eq. (4) by a_i", causes)
    expect_close(by_s, 3.0, "slope of eq. (4) by s_j", [(0, "Do not detach what G is given: see hint 3.")])
    expect_close(by_judge, 9.0, "slope of eq. (4) by E_a", [(0, "E_a reads the swap with gradient: see hint 3.")])
    by_a, by_s = slopes(got[1], a_i, s_j)
    causes = [
        (4, "The target s_j learns, too: detach it where it is compared: see hint 2."),
        (0, "s_j must still learn as what G is given: detach the target alone: see hint 3."),
        (-1, "The way through G is cut and the target learns: it must be the other way: see hint 3."),
    ]
    expect_close(by_s, 5.0, "slope of eq. (5) by s_j", causes)
    expect_close(by_a, 20.0, "slope of eq. (5) by a_i", [(0, "Do not detach what G is given: see hint 3.")])
    return "25 and 44 by hand, and their slopes"


def critic() -> Weight:
    """D: the scores w x and, of every second pixel, 3 w x, at two scales."""

    def scores(w: Tensor, x: Tensor) -> list[Tensor]:
        brightness = x.mean(dim=1, keepdim=True)
        return [w * brightness, 3 * w * brightness[..., ::2, ::2]]

    return Weight(1.0, scores)


def _loss(*scores: float) -> float:
    """-log sigmoid of a score, summed."""
    return sum(math.log1p(math.exp(-score)) for score in scores)


def _slope(*scores: float) -> float:
    """Of `_loss`, by a factor on the scores at 1."""
    return sum(-score / (1 + math.exp(score)) for score in scores)


@exercise("07.3", "D learns, G does not")
def check_loss_of_D(loss_of_D: Callable) -> str:
    """`loss_of_D(D, x, fake)`: what D minimises; D(x) is a list of patch scores."""
    D, fake = critic(), torch.full((1, 3, 4, 2), -1.0, requires_grad=True)
    got = loss_of_D(D, torch.full((1, 3, 4, 2), 2.0), fake)
    real, made = _loss(2, 6), _loss(1, 3)  # scores 2 and 6; -1 and -3, with the other sign: to be called fake
    causes = [
        (real + _loss(-1, -3), "That asks D to call the fake real; it is log(1 - D(fake)): see hint 1."),
        (real, "The fake is missing: see hint 1."),
        (made, "The real picture is missing: see hint 1."),
        (-real - made, "D minimises: mind the sign: see hint 1."),
        ((real + made) / 2, "The two terms are added, and so are the scales; nothing is averaged but patches."),
        (_loss(2) + _loss(1), "That is the first scale alone: add over all that D(x) lists."),
    ]
    expect_close(got, real + made, "two scales, scores 2 and 6 of x, -1 and -3 of the fake", causes)
    by_D, by_fake = slopes(got, D.w, fake)
    expect(by_fake == 0, "G learns from D's loss, to be found out: detach the fake: see hint 2.")
    causes = [
        (0, "D learns nothing: no torch.no_grad(), and only the fake is detached: see hint 3."),
        (_slope(2, 6), "D learns nothing of the fake: detach the picture, not D's score: see hint 3."),
    ]
    expect_close(by_D, _slope(2, 6) + _slope(1, 3), "slope by D's weight", causes)
    return "two terms and two slopes by hand"


@exercise("07.4", "G learns, D does not")
def check_loss_of_G(loss_of_G: Callable) -> str:
    """`loss_of_G(D, fake)`: -log D(fake), summed over the scales."""
    D, fake = critic(), torch.full((1, 3, 4, 2), -1.0, requires_grad=True)
    got = loss_of_G(D, fake)
    still_learns(D)
    causes = [
        (-_loss(1, 3), "That is log(1 - D), which saturates; G minimises -log D: see hint 1."),
        (_loss(1, 3), "That is what D wants; G wants D(fake) large: see hint 1."),
        (-_loss(-1, -3), "G minimises: mind the sign: see hint 1."),
        (_loss(-1, -3) / 2, "The scales are added, not averaged."),
        (_loss(-1), "That is the first scale alone: add over all that D(fake) lists."),
    ]
    expect_close(got, _loss(-1, -3), "two scales, scores -1 and -3", causes)
    by_D, by_fake = slopes(got, D.w, fake)
    none = "Nothing reaches the fake, so G learns nothing: freeze D's weights, do not cut the values: see hint 2."
    expect_close(by_fake, -_slope(-1, -3), "slope by the fake, all pixels", [(0, none)])
    expect(by_D == 0, "D learns from G's loss, to call fakes real: freeze its weights: see hint 2.")
    return "the slope reaches the fake and not D"


def namer(w: float = 1.0) -> Weight:
    """E_a: the code, and the scores 0 and w x of two persons."""

    def answer(w: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        code = w * x.mean(dim=(1, 2, 3)).reshape(-1, 1, 1, 1)
        return code, torch.cat([torch.zeros_like(code.flatten(1)), code.flatten(1)], dim=1)

    return Weight(w, answer)


@exercise("07.5", "The judge")
def check_identity_of_swap(identity_of_swap: Callable) -> str:
    """`identity_of_swap(E_a, x_j_i, y_i, y_j, judge_frozen)`: eq. (6); E_a(x) is (code, logits)."""
    for judge_frozen in (True, False):
        E_a, swaps = namer(), torch.full((1, 3, 4, 2), 2.0, requires_grad=True)
        got = identity_of_swap(E_a, swaps, torch.tensor([1]), torch.tensor([0]), judge_frozen)
        still_learns(E_a)
        causes = [
            (math.log1p(math.exp(2)), "That is y_j; eq. (6) asks for the giver of the appearance, y_i: see hint 1."),
            (-math.log1p(math.exp(-2)), "The sign: -log p is above 0: see hint 1."),
        ]
        where = f"judge_frozen={judge_frozen}"
        expect_close(got, math.log1p(math.exp(-2)), f"scores 0 and 2, y_i = 1, {where}", causes)
        by_judge, by_swap = slopes(got, E_a.w, swaps)
        none = f"{where}: nothing reaches the swap, so G learns nothing: freeze weights, not values: see hint 2."
        expect_close(by_swap, -1 / (1 + math.exp(2)), f"slope by the swap, {where}", [(0, none)])
        if judge_frozen:
            expect(by_judge == 0, "The judge learns to like what G makes: freeze its weights: see hint 2.")
        else:
            expect(by_judge != 0, "Not frozen, as in the paper, E_a must learn: freeze it only if asked: see hint 3.")
    return "frozen and not, by the slopes"


@exercise("07.6", "Fed back")
def check_fed_back(fed_back: Callable) -> str:
    """`fed_back(E_a, teacher, x_j_i)`: cross-entropy of E_a's p with the teacher's q; teacher(x) is (B, K) scores."""
    E_a, swaps = namer(), torch.ones(1, 3, 4, 2, requires_grad=True)
    scale = math.log(3)  # the teacher's scores 0 and log 3: q = 1/4, 3/4
    teacher = Weight(scale, lambda w, x: torch.cat([0 * x[:, 0, 0, :1], w * x[:, 0, 0, :1]], dim=1))
    got = fed_back(E_a, teacher, swaps)
    still_learns(teacher)
    low, high = math.log1p(math.exp(1)), math.log1p(math.exp(-1))  # -log p of the two persons
    entropy = -(math.log(1 / 4) / 4 + 3 * math.log(3 / 4) / 4)
    causes = [
        (high, "That is one person; the label is soft, all of q: see hint 1."),
        (scale * high, "Those are the teacher's scores; q is their softmax: see hint 1."),
        (low / 4 + 3 * high / 4 - entropy, "That is the KL of eq. (8); here without q log q: see hint 1."),
        ((low / 4 + 3 * high / 4) / 2, "Add over the persons, then take the mean over the pictures: see hint 1."),
    ]
    expect_close(got, low / 4 + 3 * high / 4, "q = 1/4, 3/4 and scores 0, 1", causes)
    by_E_a, by_teacher, by_swap = slopes(got, E_a.w, teacher.w, swaps)
    expect(by_E_a != 0, "E_a learns nothing; it is who should: see hint 3.")
    expect(by_swap == 0, "The loss reaches the swap, and G will make swaps easy: detach it: see hint 2.")
    expect(by_teacher == 0, "The teacher learns, too; it only labels: see hint 3.")
    expect_close(by_E_a, 1 / (1 + math.exp(-1)) - 3 / 4, "slope by E_a's weight")
    return "E_a learns, G and the teacher do not"
