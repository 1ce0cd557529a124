"""Right answers to the exercises of lesson 08, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from dgnet_lite import losses as L
from dgnet_lite.course.checks.lesson08 import (
    check_ask,
    check_camera_excess,
    check_feed_back,
    check_labels_of,
    check_primary,
    check_primary_slope,
)
from dgnet_lite.course.checks.proof import Proof
from dgnet_lite.labels import STYLES


def primary_by_xlogy(logits, q):
    log_p = logits - logits.logsumexp(dim=1, keepdim=True)
    return (torch.xlogy(q, q) - q * log_p).sum() / len(q)


def primary_where_it_is_not_zero(logits, q):
    log_p, total = F.log_softmax(logits, dim=1), 0.0
    for row, label in zip(log_p, q, strict=True):
        named = label > 0
        total += (label[named] * (label[named].log() - row[named])).sum()
    return total / len(q)


def primary(*, turned=False, entropy=True, sign=1, reduce="batch", base=1.0, scores=False, zero=True, epsilon=0.0):
    """Eq. (8) with the mistakes named."""

    def loss(logits, q):
        if epsilon:
            log_p = (logits.softmax(dim=1) + epsilon).log()
        else:
            log_p = logits if scores else logits.log_softmax(dim=1)
        log_q = q.log()
        if turned:
            terms = log_p.exp() * (log_p - log_q)
        else:
            terms = (q * log_q if entropy else 0) - q * log_p
        terms = sign * terms / base
        terms = torch.nan_to_num(terms) if zero else terms
        rows = terms.sum(dim=1)
        return {"batch": rows.mean(), "sum": rows.sum(), "all": terms.mean(), "rows": rows}[reduce]

    return loss


def primary_by_softmax(logits, q):
    p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    return (torch.xlogy(q, q) - q * p.log()).sum(dim=1).mean()


def slope_by_hand(logits, q):
    return (logits.softmax(dim=1) - q) / len(q)


def slope_by_autograd(logits, q):
    z = logits.clone().requires_grad_(True)
    L.primary(z, q).backward()
    return z.grad


def slope_without_the_mean(logits, q):
    return logits.softmax(dim=1) - q


def slope_turned(logits, q):
    return (q - logits.softmax(dim=1)) / len(q)


def slope_by_p(logits, q):
    return -q / logits.softmax(dim=1) / len(q)


def slope_of_one_hot(logits, q):
    return (logits.softmax(dim=1) - F.one_hot(q.argmax(dim=1), q.shape[1])) / len(q)


def slope_of_the_mean_over_all(logits, q):
    return (logits.softmax(dim=1) - q) / q.numel()


def slope_of_the_other_direction(logits, q):
    z = logits.clone().requires_grad_(True)
    p = z.softmax(dim=1)
    (p * (p.log() - q.log())).sum(dim=1).mean().backward()
    return z.grad


def labels_of_the_package(p, y_i, y_j):
    return {name: style(p, y_i, y_j) for name, style in STYLES.items()}


def labels_by_loop(p, y_i, y_j):
    n, k = p.shape
    out = {name: torch.zeros(n, k) for name in STYLES}
    for b in range(n):
        i, j = int(y_i[b]), int(y_j[b])
        out["soft"][b] = p[b]
        out["one_hot"][b, i] = 1
        out["pseudo"][b, int(p[b].argmax())] = 1
        out["lsro"][b] = 1 / k
        both = {i, j}
        seen = sum(float(p[b, c]) for c in both)
        for c in both:
            out["two_label"][b, c] = float(p[b, c]) / seen if seen > 0 else 1 / len(both)
    return out


def labels(**changes):
    """The package's labels with some of them exchanged for others, given as functions."""

    def labels_of(p, y_i, y_j):
        right = labels_of_the_package(p, y_i, y_j)
        return right | {name: style(p, y_i, y_j) for name, style in changes.items()}

    return labels_of


def a_label_missing(p, y_i, y_j):
    return {name: value for name, value in labels_of_the_package(p, y_i, y_j).items() if name != "lsro"}


def of_the_body(p, y_i, y_j):
    return F.one_hot(y_j, p.shape[1]).float()


def first_of_the_givers(p, y_i, y_j):
    rows = torch.arange(len(p))
    return F.one_hot(torch.where(p[rows, y_i] > p[rows, y_j], y_i, y_j), p.shape[1]).float()


def class_number(p, y_i, y_j):
    return p.argmax(dim=1)


def smoothed(p, y_i, y_j):
    return 0.9 * F.one_hot(y_i, p.shape[1]) + 0.1 / p.shape[1]


def by_the_others(p, y_i, y_j):
    return torch.full_like(p, 1 / (p.shape[1] - 1))


def givers(p, y_i, y_j):
    mask = torch.zeros_like(p)
    mask[torch.arange(len(p)), y_i] = mask[torch.arange(len(p)), y_j] = 1
    return mask


def two_not_divided(p, y_i, y_j):
    return p * givers(p, y_i, y_j)


def two_divided_by_nothing(p, y_i, y_j):
    kept = p * givers(p, y_i, y_j)
    return kept / kept.sum(dim=1, keepdim=True)


def two_with_an_epsilon(p, y_i, y_j):
    kept = p * givers(p, y_i, y_j)
    return kept / kept.sum(dim=1, keepdim=True).clamp_min(1e-12)


def two_halves(p, y_i, y_j):
    mask = givers(p, y_i, y_j)
    return mask / mask.sum(dim=1, keepdim=True)


def ask_plainly(teacher, x, mirror):
    teacher.eval()
    with torch.no_grad():
        q = teacher(x).softmax(dim=1)
        return (q + teacher(x.flip(3)).softmax(dim=1)) / 2 if mirror else q


@torch.no_grad()
def ask_in_one_batch(teacher, x, mirror):
    teacher.train(False)
    views = torch.cat([x, x.flip(-1)]) if mirror else x
    return F.softmax(teacher(views), dim=1).reshape(-1, *x.shape[:1], 2).mean(dim=0)


def ask(*, evaluated=True, grad=False, activation="softmax", axis=3, average="p", always=False, dim=1):
    def answer(teacher, x, mirror):
        if evaluated:
            teacher.eval()
        with torch.set_grad_enabled(grad):
            act = {"softmax": torch.softmax, "log": torch.log_softmax, "none": lambda z, dim: z}[activation]
            z = teacher(x)
            if not (mirror or always):
                return act(z, dim=dim)
            other = teacher(x.flip(axis))
            if average == "z":
                return act((z + other) / 2, dim=dim)
            p, p_mirror = act(z, dim=dim), act(other, dim=dim)
            return {"p": (p + p_mirror) / 2, "sum": p + p_mirror, "other": p_mirror, "first": p}[average]

    return answer


def excess_by_product(q, cameras, seen):
    there = seen[cameras].float()
    return ((q * there).sum(dim=1) - there.mean(dim=1)).mean()


def excess_by_loop(q, cameras, seen):
    total = 0.0
    for row, camera in zip(q, cameras, strict=True):
        total += float(row[seen[camera]].sum()) - float(seen[camera].sum()) / len(row)
    return total / len(q)


def excess(*, chance="own", reduce=torch.mean, how="difference", inside="sum", sign=1):
    def value(q, cameras, seen):
        there = seen[cameras].float()
        mass = (q * there).sum(dim=1)
        if inside == "mean":
            mass = mass / there.sum(dim=1)
        by_chance = {"own": there.mean(dim=1), "none": 0.0, "all": seen.float().mean()}[chance]
        return reduce(mass / by_chance if how == "ratio" else sign * (mass - by_chance))

    return value


def fed_back_plainly(E_a, teacher, x, y_j):
    x = x.detach()
    with torch.no_grad():
        q = teacher(x).softmax(dim=1)
    prim, fine = E_a(x)
    return 0.5 * (L.primary(prim, q) + 0.2 * L.fine_grained(fine, y_j))


def fed_back_by_hand(E_a, teacher, x, y_j):
    prim, fine = E_a(x.detach())
    q = torch.softmax(teacher(x), dim=1).detach()
    divergence = (torch.xlogy(q, q) - q * prim.log_softmax(dim=1)).sum(dim=1).mean()
    return 0.5 * divergence - 0.1 * fine.log_softmax(dim=1)[torch.arange(len(y_j)), y_j].mean()


def fed_back(*, weights=(0.5, 0.1), x_open=False, teacher_open=False, closed=(), fine_of="fine", turned=False):
    def loss(E_a, teacher, x, y_j):
        fake = x if x_open else x.detach()
        q = teacher(x.detach()).softmax(dim=1)
        q = q if teacher_open else q.detach()
        prim, fine = E_a(fake)
        fine = prim if fine_of == "prim" else fine
        prim = prim.detach() if "prim" in closed else prim
        fine = fine.detach() if "fine" in closed else fine
        log_p = prim.log_softmax(dim=1)
        divergence = (log_p.exp() * (log_p - q.log())) if turned else (torch.xlogy(q, q) - q * log_p)
        total = weights[0] * divergence.sum(dim=1).mean() + weights[1] * L.fine_grained(fine, y_j)
        return total.detach() if "all" in closed else total

    return loss


PROOFS = [
    Proof(
        check_primary,
        right=[L.primary, primary_by_xlogy, primary_where_it_is_not_zero],
        wrong=[
            (primary(turned=True), "other way round"),
            (primary(entropy=False), "cross-entropy"),
            (primary(sign=-1), "sign is turned"),
            (primary(reduce="sum"), "sum over the images"),
            (primary(reduce="all"), "sums over k"),
            (primary(reduce="rows"), "one number an image"),
            (primary(base=math.log(2)), "base 2"),
            (primary(scores=True), "scores, not log p"),
            (primary(zero=False), "0 log 0"),
            (primary_by_softmax, "infinite"),
            (primary(epsilon=1e-12), "epsilon"),
        ],
    ),
    Proof(
        check_primary_slope,
        right=[slope_by_hand, slope_by_autograd],
        wrong=[
            (slope_without_the_mean, "each counts 1/B"),
            (slope_turned, "sign is turned"),
            (slope_by_p, "by the scores"),
            (slope_of_one_hot, "one-hot"),
            (slope_of_the_mean_over_all, "number of persons"),
            (slope_of_the_other_direction, "KL.p .. q."),
        ],
    ),
    Proof(
        check_labels_of,
        right=[labels_of_the_package, labels_by_loop],
        wrong=[
            (a_label_missing, "No label by the name"),
            (labels(one_hot=of_the_body), "clothes count"),
            (labels(pseudo=first_of_the_givers), "third person"),
            (labels(pseudo=class_number), "class number"),
            (labels(lsro=smoothed), "everybody the same"),
            (labels(lsro=by_the_others), "sum to 1"),
            (labels(two_label=two_not_divided), "Divide by|sums to 0"),
            (labels(two_label=two_divided_by_nothing), "0/0"),
            (labels(two_label=two_with_an_epsilon), "sums to 0"),
            (labels(two_label=two_halves), "dynamic"),
        ],
    ),
    Proof(
        check_ask,
        right=[ask_plainly, ask_in_one_batch],
        wrong=[
            (ask(activation="none"), "scores"),
            (ask(activation="log"), "logarithms"),
            (ask(dim=0), "axis 1"),
            (ask(evaluated=False), "training mode"),
            (ask(grad=True), "gradient"),
            (ask(always=True), "mirror is False"),
            (ask(average="z"), "average the probabilities"),
            (ask(average="first"), "not asked"),
            (ask(average="other"), "mirror image alone"),
            (ask(average="sum"), "sum of both"),
            (ask(axis=2), "left and right"),
        ],
    ),
    Proof(
        check_camera_excess,
        right=[excess_by_product, excess_by_loop],
        wrong=[
            (excess(chance="none"), "chance gives is missing"),
            (excess(chance="all"), "its. camera"),
            (excess(reduce=torch.sum), "sum over the images"),
            (excess(reduce=lambda v: v), "one number an image"),
            (excess(how="ratio"), "ratio"),
            (excess(inside="mean"), "do not average"),
            (excess(sign=-1), "turned round"),
        ],
    ),
    Proof(
        check_feed_back,
        right=[fed_back_plainly, fed_back_by_hand],
        wrong=[
            (fed_back(weights=(1, 0.2)), "0.5 is missing"),
            (fed_back(weights=(0.5, 0.2)), "for both"),
            (fed_back(weights=(0.5, 0.5)), "0.2 of the weight"),
            (fed_back(weights=(0.5, 0)), "Eq. .9. is missing"),
            (fed_back(weights=(0, 0.1)), "Eq. .8. is missing"),
            (fed_back(fine_of="prim"), "fine head"),
            (fed_back(turned=True), "turned round"),
            (fed_back(x_open=True), "reaches the picture"),
            (fed_back(teacher_open=True), "teacher learns"),
            (fed_back(closed=("all",)), "detached as a whole"),
            (fed_back(closed=("fine",)), "Eq. .9. does not reach"),
            (fed_back(closed=("prim",)), "Eq. .8. does not reach"),
        ],
    ),
]
