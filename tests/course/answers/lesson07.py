"""Right answers to the exercises of lesson 07, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

from copy import deepcopy

import torch
import torch.nn.functional as F

from dgnet_lite import losses as L
from dgnet_lite.course.checks.lesson07 import (
    check_all_compositions,
    check_code_losses,
    check_fed_back,
    check_identity_of_swap,
    check_loss_of_D,
    check_loss_of_G,
)
from dgnet_lite.course.checks.proof import Proof
from dgnet_lite.networks.structure import grey
from dgnet_lite.training.modes import frozen


def compositions_at_once(E_a, E_s, G, x):
    n = len(x)
    a, s = E_a(x), E_s(grey(x))
    return G(s.repeat(n, 1, 1, 1), a.repeat_interleave(n, dim=0)).unflatten(0, (n, n))


def compositions_by_rows(E_a, E_s, G, x):
    a, s = E_a(x), E_s(grey(x))
    return torch.stack([G(s, a_i[None].expand(len(x), -1, -1, -1)) for a_i in a])


def compositions_transposed(E_a, E_s, G, x):
    return compositions_at_once(E_a, E_s, G, x).transpose(0, 1)


def compositions_in_a_row(E_a, E_s, G, x):
    return compositions_at_once(E_a, E_s, G, x).flatten(0, 1)


def compositions_encoded_each(E_a, E_s, G, x):
    return torch.stack([torch.cat([G(E_s(grey(j[None])), E_a(i[None])) for j in x]) for i in x])


def codes(*, target=torch.Tensor.detach, given=lambda code: code, error=F.l1_loss):
    def losses(E_a, E_s, G, a_i, s_j):
        swaps = G(given(s_j), given(a_i))
        return error(E_a(swaps), target(a_i)), error(E_s(grey(swaps)), target(s_j))

    return losses


def codes_by_hand(E_a, E_s, G, a_i, s_j):
    x_j_i = G(s_j, a_i)
    target_a, target_s = a_i.detach().clone(), s_j.detach().clone()
    return [(target_a - E_a(x_j_i)).abs().mean(), (target_s - E_s(x_j_i.mean(1, keepdim=True))).abs().mean()]


def codes_with_g_exchanged(E_a, E_s, G, a_i, s_j):
    return codes()(E_a, E_s, lambda s, a: G(a, s), a_i, s_j)


def codes_exchanged(*arguments):
    return codes()(*arguments)[::-1]


def d_by_package(D, x, fake):
    return L.discriminator_log(D(x), D(fake.detach()))


def d_by_bce(D, x, fake):
    pairs = zip(D(x), D(fake.clone().detach()), strict=True)
    ask = F.binary_cross_entropy_with_logits
    return sum(ask(r, torch.ones_like(r)) + ask(f, torch.zeros_like(f)) for r, f in pairs)


def d_moves_g(D, x, fake):
    return L.discriminator_log(D(x), D(fake))


def d_asks_wrongly(D, x, fake):
    return L.generator_log(D(x)) + L.generator_log(D(fake.detach()))


def d_score_detached(D, x, fake):
    return L.discriminator_log(D(x), [patches.detach() for patches in D(fake)])


def d_blind(D, x, fake):
    with torch.no_grad():
        return d_by_package(D, x, fake)


def g_frozen(D, fake):
    with frozen(D):
        return L.generator_log(D(fake))


def g_copied(D, fake):
    return sum(F.softplus(-patches).mean() for patches in deepcopy(D)(fake))


def d_of_one_scale(D, x, fake):
    return F.softplus(-D(x)[0]).mean() + F.softplus(D(fake.detach())[0]).mean()


def d_averaged(D, x, fake):
    return L.discriminator_log(D(x), D(fake.detach())) / 2


def g_functional(D, fake):
    weights = {name: p.detach() for name, p in D.named_parameters()}
    return L.generator_log(torch.func.functional_call(D, weights, (fake,)))


def g_moves_d(D, fake):
    return L.generator_log(D(fake))


def g_blind(D, fake):
    with torch.no_grad():
        return L.generator_log(D(fake))


def g_of_one_scale(D, fake):
    with frozen(D):
        return F.softplus(-D(fake)[0]).mean()


def g_averaged(D, fake):
    with frozen(D):
        return L.generator_log(D(fake)) / 2


def g_left_frozen(D, fake):
    D.requires_grad_(False)
    return L.generator_log(D(fake))


def g_of_d(D, fake):
    with frozen(D):
        return sum(F.softplus(patches).mean() for patches in D(fake))


def judge(*, freeze=None, of_j=False, blind=False, left=False):
    def loss(E_a, x_j_i, y_i, y_j, judge_frozen):
        stop = judge_frozen if freeze is None else freeze
        E_a.requires_grad_(not stop)
        with torch.set_grad_enabled(not (blind and judge_frozen)):
            _, logits = E_a(x_j_i)
        if not left:
            E_a.requires_grad_(True)
        return L.identification(logits, y_j if of_j else y_i)

    return loss


def judge_copied(E_a, x_j_i, y_i, y_j, judge_frozen):
    E_a = deepcopy(E_a) if judge_frozen else E_a
    return F.cross_entropy(E_a(x_j_i)[1], y_i)


def fed(*, swaps=torch.Tensor.detach, q=lambda scores: scores.detach().softmax(dim=1), blind=False):
    def loss(E_a, teacher, x_j_i):
        x = swaps(x_j_i)
        with torch.set_grad_enabled(not blind):
            log_p = E_a(x)[1].log_softmax(dim=1)
        return -(q(teacher(x)) * log_p).sum(dim=1).mean()

    return loss


def fed_by_torch(E_a, teacher, x_j_i):
    x = x_j_i.detach()
    with torch.no_grad():
        label = F.softmax(teacher(x), dim=1)
    return F.cross_entropy(E_a(x)[1], label)


def fed_by_a_frozen_teacher(E_a, teacher, x_j_i):
    teacher.requires_grad_(False)
    return fed_by_torch(E_a, teacher, x_j_i)


def fed_as_kl(E_a, teacher, x_j_i):
    x = x_j_i.detach()
    return L.primary(E_a(x)[1], teacher(x).detach().softmax(dim=1))


PROOFS = [
    Proof(
        check_all_compositions,
        right=[compositions_at_once, compositions_by_rows],
        wrong=[
            (compositions_transposed, "other way"),
            (compositions_in_a_row, "N rows of N"),
            (compositions_encoded_each, "N = 3 is enough"),
        ],
    ),
    Proof(
        check_code_losses,
        right=[codes(), codes_by_hand],
        wrong=[
            (codes(target=lambda code: code), "target a_i learns"),
            (codes(given=torch.Tensor.detach), "as what G is given"),
            (codes(error=F.mse_loss), "not squares"),
            (codes_exchanged, "comes first"),
            (codes_with_g_exchanged, "the structure comes first"),
        ],
    ),
    Proof(
        check_loss_of_D,
        right=[d_by_package, d_by_bce],
        wrong=[
            (d_moves_g, "detach the fake"),
            (d_asks_wrongly, "call the fake real"),
            (d_score_detached, "not D's score"),
            (d_blind, "D learns nothing"),
            (d_of_one_scale, "first scale alone"),
            (d_averaged, "so are the scales"),
        ],
    ),
    Proof(
        check_loss_of_G,
        right=[g_frozen, g_copied, g_functional],
        wrong=[
            (g_moves_d, "D learns from G"),
            (g_blind, "G learns nothing"),
            (g_left_frozen, "Unfreeze"),
            (g_of_d, "what D wants"),
            (g_of_one_scale, "first scale alone"),
            (g_averaged, "not averaged"),
        ],
    ),
    Proof(
        check_identity_of_swap,
        right=[judge(), judge_copied],
        wrong=[
            (judge(of_j=True), "y_j"),
            (judge(freeze=False), "like what G makes"),
            (judge(freeze=True), "only if asked"),
            (judge(blind=True), "G learns nothing"),
            (judge(left=True), "Unfreeze"),
        ],
    ),
    Proof(
        check_fed_back,
        right=[fed(), fed_by_torch],
        wrong=[
            (fed(swaps=lambda x: x), "make swaps easy"),
            (fed(q=lambda scores: scores.softmax(dim=1)), "teacher learns"),
            (fed(q=lambda scores: F.one_hot(scores.argmax(dim=1), 2)), "all of q"),
            (fed(q=torch.Tensor.detach), "teacher's scores"),
            (fed(blind=True), "E_a learns nothing"),
            (fed_as_kl, "KL of eq"),
            (fed_by_a_frozen_teacher, "Unfreeze"),
        ],
    ),
]
