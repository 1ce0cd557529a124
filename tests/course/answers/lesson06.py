"""Right answers to the exercises of lesson 06, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

import math
import random

import torch
import torch.nn.functional as F

from dgnet_lite import losses as L
from dgnet_lite.course.checks.lesson06 import (
    check_identification_of_both,
    check_image_reconstruction,
    check_nearness,
    check_positive_of,
    check_self_identity,
    check_stage_loss,
)
from dgnet_lite.course.checks.proof import Proof
from dgnet_lite.data.batches import Batches
from dgnet_lite.networks.structure import grey


def l1_by_hand(x, reconstruction):
    return (x - reconstruction).abs().sum() / x.numel()


def l1_summed(x, reconstruction):
    return (x - reconstruction).abs().sum()


def l1_summed_over_an_image(x, reconstruction):
    return (x - reconstruction).abs().flatten(1).sum(dim=1).mean()


def l1_over_channels(x, reconstruction):
    return (x - reconstruction).abs().sum(dim=1).mean()


def l2(x, reconstruction):
    return F.mse_loss(reconstruction, x)


def l2_norm(x, reconstruction):
    return (x - reconstruction).flatten(1).norm(dim=1).mean()


def without_absolute_values(x, reconstruction):
    return (x - reconstruction).mean()


def l1_of_each_image(x, reconstruction):
    return (x - reconstruction).abs().flatten(1).mean(dim=1)


def positive_by_where(i, labels, cameras, generator):
    choices = torch.where((labels == labels[i]) & (cameras != cameras[i]))[0]
    if len(choices) == 0:
        choices = torch.where((labels == labels[i]) & (torch.arange(len(labels)) != i))[0]
    if len(choices) == 0:
        return i
    return choices[torch.randint(len(choices), (1,), generator=generator).item()]


def positive_by_loop(i, labels, cameras, generator):
    same = [t for t in range(len(labels)) if labels[t] == labels[i] and t != i] or [i]
    elsewhere = [t for t in same if cameras[t] != cameras[i]]
    choices = elsewhere or same
    return choices[torch.randperm(len(choices), generator=generator)[0]]


def positive_of_the_package(i, labels, cameras, generator):
    images = torch.zeros(len(labels), 1, 1, 3, dtype=torch.uint8)
    batches = Batches(images, labels.numpy(), cameras.numpy(), batch_size=1, pad=0, positives="other_camera")
    batches.generator = generator
    return batches.positive_of(torch.tensor([i]))


def positive(*, itself=False, any_camera=False, one_camera=True, stranger=False, chance="generator"):
    """A sampler that makes the mistakes named."""

    def positive_of(i, labels, cameras, generator):
        rows = torch.arange(len(labels))
        same = (labels == labels[i]) | stranger
        elsewhere = same & (cameras != cameras[i])
        others = same & ((rows != i) | itself)
        choices = rows[others if any_camera or (one_camera and not elsewhere.any()) else elsewhere]
        if len(choices) == 0:
            return i
        if chance == "first":
            return int(choices[0])
        if chance == "global":
            return random.choice(choices.tolist())
        if chance == "off by one":
            return int(choices[torch.randint(max(1, len(choices) - 1), (), generator=generator)])
        if chance == "cameras":
            there = sorted(set(cameras[choices].tolist()))
            camera = there[torch.randint(len(there), (), generator=generator)]
            choices = choices[cameras[choices] == camera]
        return int(choices[torch.randint(len(choices), (), generator=generator)])

    return positive_of


def self_identity_plainly(E_a, E_s, G, x_i, x_t):
    s_i = E_s(x_i.mean(dim=1, keepdim=True))
    a_i, a_t = E_a(x_i), E_a(x_t)
    return (x_i - G(s_i, a_i)).abs().mean(), (x_i - G(s_i, a_t)).abs().mean()


def self_identity_in_one_pass(E_a, E_s, G, x_i, x_t):
    s_i = E_s(grey(x_i))
    made = G(torch.cat([s_i, s_i]), E_a(torch.cat([x_i, x_t])))
    return [L.image_reconstruction(x_i, each) for each in made.chunk(2)]


def self_identity(*, code=0, body=0, target=0, seen=grey, appearance_of=None, exchanged=False, reduce=torch.mean):
    """Eq. (2) as it should not be: 0 is right; 1 takes the other image."""

    def losses(E_a, E_s, G, x_i, x_t):
        pair = (x_i, x_t)
        see = appearance_of or (lambda x: x)

        def made(structure_of, clothes_of):
            s, a = E_s(seen(structure_of)), E_a(see(clothes_of))
            return G(a, s) if exchanged else G(s, a)

        error_1 = reduce((made(x_i, x_i) - x_i).abs())
        error_2 = reduce((made(pair[body], pair[1 - code]) - pair[target]).abs())
        return error_1, error_2

    return losses


def in_the_other_order(*arguments):
    return self_identity_plainly(*arguments)[::-1]


def television_grey(x):
    return (x * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(dim=1, keepdim=True)


def sum_over_the_batch(errors):
    return errors.flatten(1).mean(dim=1).sum()


def both_by_cross_entropy(logits, y):
    return F.cross_entropy(logits, torch.cat([y, y]))


def both_by_logsumexp(logits, y):
    first, second = logits.chunk(2)
    rows = torch.arange(len(y))
    return sum((z.logsumexp(dim=1) - z[rows, y]).mean() for z in (first, second)) / 2


def first_half_alone(logits, y):
    return F.cross_entropy(logits[: len(y)], y)


def second_half_alone(logits, y):
    return F.cross_entropy(logits[len(y) :], y)


def labels_interleaved(logits, y):
    return F.cross_entropy(logits, y.repeat_interleave(2))


def both_summed(logits, y):
    return F.cross_entropy(logits, y.repeat(2), reduction="sum")


def both_added(logits, y):
    return 2 * both_by_cross_entropy(logits, y)


def in_base_ten(logits, y):
    return both_by_cross_entropy(logits, y) / math.log(10)


def along_the_batch(logits, y):
    p = logits.softmax(dim=0)
    return -p[torch.arange(len(logits)), y.repeat(2)].log().mean()


def without_the_logarithm(logits, y):
    p = logits.softmax(dim=1)
    return -p[torch.arange(len(logits)), y.repeat(2)].mean()


def without_the_softmax(logits, y):
    return -logits[torch.arange(len(logits)), y.repeat(2)].mean()


def by_exponentials(logits, y):
    p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    return -p[torch.arange(len(logits)), y.repeat(2)].log().mean()


def with_an_epsilon(logits, y):
    p = logits.softmax(dim=1)
    return -(p[torch.arange(len(logits)), y.repeat(2)] + 1e-12).log().mean()


def nearness_by_cdist(codes, ids):
    distance = torch.cdist(codes.flatten(1), codes.flatten(1))
    same = ids[:, None] == ids
    within = same & ~torch.eye(len(ids), dtype=torch.bool)
    return distance[within].mean() / distance[~same].mean()


def nearness_by_loop(codes, ids):
    pairs = [(i, j) for i in range(len(ids)) for j in range(i)]
    near = [(codes[i] - codes[j]).norm() for i, j in pairs if ids[i] == ids[j]]
    far = [(codes[i] - codes[j]).norm() for i, j in pairs if ids[i] != ids[j]]
    return sum(near) / len(near) / (sum(far) / len(far))


def nearness(*, diagonal=False, power=1, norm=2.0, below="others", reduce=torch.mean, upside_down=False, rows=None):
    def ratio(codes, ids):
        flat = codes.flatten(1) if rows is None else rows(codes)
        distance = torch.cdist(flat, flat, p=norm) ** power
        same, off = ids[:, None] == ids, ~torch.eye(len(ids), dtype=torch.bool)
        within = distance[same if diagonal else same & off]
        between = distance[{"others": ~same, "all": off, "all and itself": off | ~off}[below]]
        above, under = reduce(within), reduce(between)
        return under / above if upside_down else above / under

    return ratio


def nearness_as_difference(codes, ids):
    distance = torch.cdist(codes.flatten(1), codes.flatten(1))
    same, off = ids[:, None] == ids, ~torch.eye(len(ids), dtype=torch.bool)
    return distance[~same].mean() - distance[same & off].mean()


def stage_in_two_passes(E_a, E_s, G, x_i, x_t, y, detached):
    (a_i, z_i), (a_t, z_t) = E_a(x_i), E_a(x_t)
    if detached:
        a_i, a_t = a_i.detach(), a_t.detach()
    s_i = E_s(x_i.mean(dim=1, keepdim=True))
    pictures = (G(s_i, a_i) - x_i).abs().mean() + (G(s_i, a_t) - x_i).abs().mean()
    return 5 * pictures + (F.cross_entropy(z_i, y) + F.cross_entropy(z_t, y)) / 2


def stage(
    *, img=(5, 5), identity=1.0, both=True, detach_i=None, detach_t=None, blind=False, stuck=False, everything=False
):
    """The stage in one pass, right unless told otherwise; detach_i, detach_t: always or never."""

    def loss(E_a, E_s, G, x_i, x_t, y, detached):
        with torch.set_grad_enabled(not (blind and detached)):
            code, logits = E_a(torch.cat([x_i, x_t]))
        a_i, a_t = code.chunk(2)
        a_i = a_i.detach() if (detached if detach_i is None else detach_i) else a_i
        a_t = a_t.detach() if (detached if detach_t is None else detach_t) else a_t
        s_i = E_s(grey(x_i))
        s_i = s_i.detach() if stuck else s_i
        pictures = sum(w * L.image_reconstruction(x_i, G(s_i, a)) for w, a in zip(img, (a_i, a_t), strict=True) if w)
        n = len(logits) if both else len(y)
        total = pictures + identity * F.cross_entropy(logits[:n], torch.cat([y, y])[:n])
        return total.detach() if everything and detached else total

    return loss


PROOFS = [
    Proof(
        check_image_reconstruction,
        right=[L.image_reconstruction, l1_by_hand],
        wrong=[
            (l1_summed, "sum over all"),
            (l1_summed_over_an_image, "sum over an image"),
            (l1_over_channels, "channels"),
            (l2, "squares"),
            (l2_norm, "L2 norm"),
            (without_absolute_values, "cancel"),
            (l1_of_each_image, "one number an image"),
        ],
    ),
    Proof(
        check_positive_of,
        right=[positive_by_where, positive_by_loop, positive_of_the_package],
        wrong=[
            (positive(itself=True, any_camera=True), "x_i itself"),
            (positive(one_camera=False), "row 1 has others"),
            (positive(itself=True), "row 1 has others"),
            (positive(any_camera=True), "own camera"),
            (positive(stranger=True), "another person"),
            (positive(chance="first"), "by lot"),
            (positive(chance="off by one"), "never drawn"),
            (positive(chance="cameras"), "equally often"),
            (positive(chance="global"), "same generator"),
        ],
    ),
    Proof(
        check_self_identity,
        right=[self_identity_plainly, self_identity_in_one_pass],
        wrong=[
            (self_identity(code=1), "eq. .1. again"),
            (self_identity(code=1, body=1), "exchanged"),
            (self_identity(body=1), "Both codes are of x_t"),
            (self_identity(body=1, target=1), "x_t from itself"),
            (self_identity(target=1), "compare with x_t"),
            (self_identity(seen=lambda x: x), "grey image"),
            (self_identity(seen=television_grey), "mean of the three"),
            (self_identity(appearance_of=grey), "colour image"),
            (self_identity(exchanged=True), "structure comes first"),
            (self_identity(reduce=sum_over_the_batch), "sum over the batch"),
            (in_the_other_order, "comes first"),
        ],
    ),
    Proof(
        check_identification_of_both,
        right=[both_by_cross_entropy, both_by_logsumexp],
        wrong=[
            (first_half_alone, "x_t is missing"),
            (second_half_alone, "x_i is missing"),
            (labels_interleaved, "another order"),
            (both_summed, "sum over the images"),
            (both_added, "Twice"),
            (in_base_ten, "base 10"),
            (along_the_batch, "axis 1"),
            (without_the_logarithm, "logarithm is missing"),
            (without_the_softmax, "softmax"),
            (by_exponentials, "infinite"),
            (with_an_epsilon, "epsilon"),
        ],
    ),
    Proof(
        check_nearness,
        right=[nearness_by_cdist, nearness_by_loop],
        wrong=[
            (nearness(diagonal=True), "distance 0 from itself"),
            (nearness(upside_down=True), "upside down"),
            (nearness(power=2), "squared"),
            (nearness(norm=1.0), "absolute differences"),
            (nearness(below="all"), "not all pairs"),
            (nearness(below="all and itself"), "not all pairs"),
            (nearness(reduce=torch.sum), "unlike many"),
            (nearness_as_difference, "difference"),
        ],
    ),
    Proof(
        check_stage_loss,
        right=[stage(), stage_in_two_passes],
        wrong=[
            (stage(img=(1, 1)), "pictures' weight"),
            (stage(img=(5, 1)), "Eq. .2. has the weight"),
            (stage(img=(1, 5)), "Eq. .1. has the weight"),
            (stage(img=(5, 0)), "Eq. .2. is missing"),
            (stage(identity=5), "the weight 1"),
            (stage(identity=2), "not their sum"),
            (stage(identity=0), "Eq. .3. is missing"),
            (stage(both=False), "x_t, too"),
            (stage(detach_i=False, detach_t=False), "detach both"),
            (stage(detach_i=False), "detach a_i"),
            (stage(detach_t=False), "detach a_t"),
            (stage(detach_i=True, detach_t=True), "you detach the codes always"),
            (stage(blind=True), "detach the code, not what E_a returns"),
            (stage(stuck=True), "learns nothing"),
            (stage(everything=True), "as a whole"),
        ],
    ),
]
