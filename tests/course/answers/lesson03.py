"""Right answers to the exercises of lesson 03, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from dgnet_lite.course.checks.lesson03 import (
    check_four_stripes,
    check_grey,
    check_influence,
    check_ridge,
    check_same_grey,
    check_skill,
)
from dgnet_lite.course.checks.proof import Proof
from dgnet_lite.data.batches import normalise
from dgnet_lite.networks.appearance import stripes
from dgnet_lite.networks.structure import grey


def cut(*, reduce=None, begin=math.floor, end=math.ceil, shape=lambda y: y):
    """Stripes by a loop; what is done within a stripe, and how its rows are found, can be changed."""
    reduce = reduce or (lambda x: x.amax(dim=(2, 3)))

    def four_stripes(feature_map):
        h = feature_map.shape[2]
        rows = [(begin(k * h / 4), end((k + 1) * h / 4)) for k in range(4)]
        return shape(torch.stack([reduce(feature_map[:, :, a:b]) for a, b in rows], dim=2)[..., None])

    return four_stripes


def stripes_by_channel(feature_map):
    b, c, h, _ = feature_map.shape
    found = torch.empty(b, c, 4, 1)
    for k in range(4):
        part = feature_map[:, :, k * h // 4 : -(-(k + 1) * h // 4), :].reshape(b, c, -1)
        found[:, :, k, 0] = part.max(dim=2).values
    return found


def stripes_from_zero(feature_map):
    return stripes(feature_map).clamp(min=0)


def stripes_of_the_first_rows(feature_map):
    return feature_map[:, :, :4].amax(dim=3, keepdim=True)


def stripes_by_chunk(feature_map):
    return torch.stack([part.amax(dim=(2, 3)) for part in feature_map.chunk(4, dim=2)], dim=2)[..., None]


def every_fourth_row(feature_map):
    return torch.stack([feature_map[:, :, k::4].amax(dim=(2, 3)) for k in range(4)], dim=2)[..., None]


MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def grey_by_loop(images):
    total = 0
    for c in range(3):
        total = total + (images[..., c].double() / 255 - MEAN[c].double()) / STD[c].double()
    return (total / 3)[:, None]


def grey_by_weights(images):
    return ((images / 255 - MEAN) / STD).movedim(3, 1).mean(dim=1, keepdim=True)


def of_normalised(change):
    return lambda images: change((images / 255 - MEAN) / STD)


def grey_of_television(images):
    y = images.float() @ torch.tensor([0.299, 0.587, 0.114]) / 255
    return ((y - 0.449) / 0.226)[:, None]


def television_of_normalised(images):
    return (normalise(images) * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(dim=1, keepdim=True)


def grey_of_bytes(images):
    return (images.float().mean(dim=3) / 255)[:, None]


def grey_normalised_afterwards(images):
    return (grey_of_bytes(images) - MEAN.mean()) / STD.mean()


def grey_without_255(images):
    return ((images - MEAN) / STD).mean(dim=3)[:, None]


def grey_in_the_order_of_opencv(images):
    return grey(normalise(images.flip(3)))


def blue_by_grey(colour, red):
    """From the grey itself, solved for blue."""
    m, s = MEAN.tolist(), STD.tolist()
    seen = sum((v / 255 - m[c]) / s[c] for c, v in enumerate(colour))
    left = seen - (red / 255 - m[0]) / s[0] - (colour[1] / 255 - m[1]) / s[1]
    return red, colour[1], 255 * (left * s[2] + m[2])


def changed(of_blue):
    return lambda colour, red: (red, colour[1], colour[2] + of_blue(red - colour[0]))


def same_grey_within_bytes(colour, red):
    red, green, blue = blue_by_grey(colour, red)
    return red, green, min(255, max(0, blue))


def same_grey_by_green(colour, red):
    return red, colour[1] - (red - colour[0]) * 0.224 / 0.229, colour[2]


def influence_by_grad(network, x, row, column, *, size=torch.abs, zero=True, cell=None):
    x = x.clone().requires_grad_(True)
    total = torch.zeros(x.shape[2:])
    for one in network(x)[0]:
        if zero:
            x.grad = None
        (one[row, column] if cell is None else cell(one)).backward(retain_graph=True)
        total = total + size(x.grad[0, 0])
    return total


def influence_by_jacobian(network, x, row, column):
    return torch.autograd.functional.jacobian(lambda y: network(y)[0, :, row, column], x).abs().sum(dim=0)[0, 0]


def influence_that_cancels(network, x, row, column):
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(network(x)[0, :, row, column].sum(), x)[0].abs()[0, 0]


def influence_of_one_channel(network, x, row, column):
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(network(x)[0, 0, row, column], x)[0].abs()[0, 0]


def influence_transposed(network, x, row, column):
    return influence_by_grad(network, x, column, row)


def influence_of_the_map(network, x, row, column):
    return influence_by_grad(network, x, row, column, cell=torch.sum)


def influence_accumulated(network, x, row, column):
    return influence_by_grad(network, x, row, column, zero=False)


def influence_with_axes(network, x, row, column):
    return influence_by_grad(network, x, row, column)[None, None]


def influence_in_place(network, x, row, column):
    return influence_by_jacobian(network, x.requires_grad_(True), row, column)


def influence_signed(network, x, row, column):
    found = influence_by_grad(network, x, row, column)
    signed = influence_by_grad(network, x, row, column, size=lambda g: g)
    return torch.where(signed < 0, signed, found)


def ridge_by_normal_equations(z, t, strength, *, centre_z=True, centre_t=True, mean=False, power=1):
    m, u = z.mean(dim=0) * centre_z, t.mean(dim=0) * centre_t
    c, y = z - m, t - u
    n = len(z) if mean else 1
    eye = torch.eye(z.shape[1], dtype=z.dtype)
    w = torch.linalg.solve(c.T @ c / n + strength**power * eye, c.T @ y / n)
    return w, u - m @ w


def ridge_by_dual(z, t, strength):
    c = z - z.mean(dim=0)
    w = c.T @ torch.linalg.inv(c @ c.T + strength * torch.eye(len(z), dtype=z.dtype)) @ (t - t.mean(dim=0))
    return w, (t - z @ w).mean(dim=0)


def ridge_by_least_squares(z, t, strength):
    """A picture more for each number of the code, which asks for 0 with the weight sqrt(strength)."""
    c, y = z - z.mean(dim=0), t - t.mean(dim=0)
    more = strength**0.5 * np.eye(z.shape[1])
    w = np.linalg.lstsq(np.vstack([c, more]), np.vstack([y, np.zeros((z.shape[1], t.shape[1]))]), rcond=None)[0]
    w = torch.from_numpy(w).to(z.dtype)
    return w, t.mean(dim=0) - z.mean(dim=0) @ w


def ridge_of_the_lesson(z, t, strength):
    return ridge_by_dual(z, t, strength * z.var(dim=0, unbiased=False).mean().item())


def ridge_with_ones(z, t, strength):
    ones = torch.cat([z, torch.ones(len(z), 1, dtype=z.dtype)], dim=1)
    w = torch.linalg.solve(ones.T @ ones + strength * torch.eye(ones.shape[1], dtype=z.dtype), ones.T @ t)
    return w[:-1], w[-1]


def ridge_with(**how):
    return lambda z, t, strength: ridge_by_normal_equations(z, t, strength, **how)


def ridge_without_strength(z, t, strength):
    return ridge_by_dual(z, t, 1e-6)


def offset(change):
    def ridge(z, t, strength):
        w, b = ridge_by_dual(z, t, strength)
        return w, change(w, b, z, t)

    return ridge


def folds_by_unique(person, k):
    return person.unique(return_inverse=True)[1] % 5 == k


def folds_by_set(person, k):
    chosen = set(sorted(set(person.tolist()))[k::5])
    return torch.tensor([number in chosen for number in person.tolist()])


def folds_of_pictures(person, k):
    return torch.arange(len(person)) % 5 == k


def folds_of_numbers(person, k):
    return person % 5 == k


def folds_to_learn_from(person, k):
    return ~folds_by_unique(person, k)


def skill_by_rows(predicted, targets, test):
    error = (predicted - targets)[test].pow(2).sum()
    return 1 - error / (targets[test] - targets[~test].mean(dim=0)).pow(2).sum()


def skill_from_predicted(predicted, targets, test):
    error = (predicted - targets)[test].pow(2).sum()
    return 1 - error / (targets[test] - predicted[~test].mean(dim=0)).pow(2).sum()


def skill_by_loop(predicted, targets, test):
    rows = [n for n, held in enumerate(test.tolist()) if held]
    mean = targets[~test].mean(dim=0)
    left = sum(F.mse_loss(predicted[n], targets[n], reduction="sum").item() for n in rows)
    return 1 - left / sum(F.mse_loss(mean, targets[n], reduction="sum").item() for n in rows)


def skill_with(*, mean=None, power=2, rows=None, total=torch.sum, last=lambda share: 1 - share):
    def skill(predicted, targets, test):
        m = targets[~test].mean(dim=0) if mean is None else mean(targets, test)
        judged = test if rows is None else rows(test)
        error, of_mean = (((x - targets)[judged]).abs() ** power for x in (predicted, m))
        return last(total(error / 1) / total(of_mean))

    return skill


def skill_of_each_column(predicted, targets, test):
    m = targets[~test].mean(dim=0)
    return 1 - (predicted - targets)[test].pow(2).sum(dim=0) / (m - targets)[test].pow(2).sum(dim=0)


def skill_of_columns(predicted, targets, test):
    return skill_of_each_column(predicted, targets, test).mean()


def skill_cut_off(predicted, targets, test):
    return max(0.0, skill_by_rows(predicted, targets, test).item())


PROOFS = [
    Proof(
        check_four_stripes,
        right=[stripes, cut(), stripes_by_channel],
        wrong=[
            (cut(reduce=lambda x: x.mean(dim=(2, 3))), "mean of each stripe"),
            (cut(reduce=lambda x: x.abs().amax(dim=(2, 3))), "without its sign"),
            (cut(shape=lambda y: y[..., 0]), "One axis"),
            (cut(shape=lambda y: y.transpose(2, 3)), "rows of the code"),
            (cut(shape=lambda y: y.amax(dim=1, keepdim=True)), "channels are gone"),
            (cut(end=math.floor), r"ceil\(\(k \+ 1\)"),
            (cut(begin=math.ceil), r"floor\(k"),
            (lambda x: F.adaptive_max_pool2d(x, (1, 4)), "rows of the code"),
            (stripes_from_zero, "not from 0"),
            (stripes_of_the_first_rows, "first rows"),
            (every_fourth_row, "neighbours"),
            (stripes_by_chunk, "four that overlap"),
        ],
    ),
    Proof(
        check_grey,
        right=[lambda images: grey(normalise(images)), grey_by_loop, grey_by_weights],
        wrong=[
            (of_normalised(lambda y: y.mean(dim=3)), "one channel"),
            (of_normalised(lambda y: y.mean(dim=3, keepdim=True)), "Channels come before rows"),
            (of_normalised(lambda y: y.mean(dim=1)[:, None]), "rows or columns"),
            (of_normalised(lambda y: y.sum(dim=3)[:, None]), "sum of the three"),
            (of_normalised(lambda y: y.mean(dim=3).transpose(1, 2)[:, None]), "exchanged"),
            (grey_of_television, "television"),
            (television_of_normalised, "television"),
            (grey_of_bytes, "without normalising"),
            (grey_normalised_afterwards, "Normalise each channel"),
            (grey_without_255, "divide first"),
            (grey_in_the_order_of_opencv, "R, G, B"),
            (normalise, "still three channels"),
        ],
    ),
    Proof(
        check_same_grey,
        right=[changed(lambda d: -d * 0.225 / 0.229), blue_by_grey, lambda c, r: torch.tensor(blue_by_grey(c, r))],
        wrong=[
            (changed(lambda d: -d), "bytes"),
            (changed(lambda d: d * 0.225 / 0.229), "must go down"),
            (changed(lambda d: -d * 0.229 / 0.225), "upside down"),
            (changed(lambda d: -d * 0.299 / 0.114), "television"),
            (same_grey_by_green, "Green stays"),
            (same_grey_within_bytes, "cut off at 0"),
            (lambda colour, red: blue_by_grey(colour, red)[2], "all three"),
            (lambda colour, red: (colour[0], colour[1], blue_by_grey(colour, red)[2]), "red that is asked for"),
        ],
    ),
    Proof(
        check_influence,
        right=[influence_by_grad, influence_by_jacobian],
        wrong=[
            (influence_that_cancels, "cancel"),
            (influence_of_one_channel, "first channel"),
            (influence_transposed, "Row comes first"),
            (influence_of_the_map, "not the whole map"),
            (influence_accumulated, "from zero each time"),
            (influence_with_axes, "without the axes"),
            (influence_in_place, "make a copy"),
            (influence_signed, "no sign"),
        ],
    ),
    Proof(
        check_ridge,
        right=[ridge_by_normal_equations, ridge_by_dual, ridge_by_least_squares],
        wrong=[
            (ridge_with(centre_z=False, centre_t=False), "not centred"),
            (ridge_with(centre_z=False), "codes were not centred, too"),
            (ridge_with(mean=True), "not means"),
            (ridge_with(power=2), "not squared"),
            (ridge_with_ones, "column of ones"),
            (ridge_without_strength, "no effect"),
            (offset(lambda w, b, z, t: torch.zeros_like(b)), "b is missing"),
            (offset(lambda w, b, z, t: t.mean(dim=0)), "mean target"),
            (offset(lambda w, b, z, t: t.mean(dim=0) + z.mean(dim=0) @ w), "sign"),
            (lambda z, t, strength: ridge_by_dual(z, t, strength)[0], "two things"),
            (ridge_of_the_lesson, "without the lesson's v"),
        ],
    ),
    Proof(
        check_skill,
        right=[(folds_by_unique, skill_by_rows), (folds_by_set, skill_by_loop)],
        wrong=[
            ((folds_of_pictures, skill_by_rows), r"every fifth \*picture\*"),
            ((folds_of_numbers, skill_by_rows), "gaps"),
            ((folds_to_learn_from, skill_by_rows), "to learn from"),
            ((folds_by_unique, skill_with(mean=lambda t, test: t[test].mean(dim=0))), "training"),
            ((folds_by_unique, skill_with(mean=lambda t, test: t.mean(dim=0))), "training"),
            ((folds_by_unique, skill_with(rows=lambda test: torch.ones_like(test))), "test pictures alone"),
            ((folds_by_unique, skill_with(power=1)), "without a root"),
            ((folds_by_unique, skill_with(last=lambda share: 1 - share.sqrt())), "without a root"),
            ((folds_by_unique, skill_with(last=lambda share: share)), r"1 - \.\.\."),
            ((folds_by_unique, skill_of_columns), "all columns first"),
            ((folds_by_unique, skill_of_each_column), "One number"),
            ((folds_by_unique, skill_cut_off), "below 0"),
            ((folds_by_unique, skill_with(mean=lambda t, test: t[~test].mean())), "for each column"),
            ((folds_by_unique, skill_from_predicted), "mean is that of the targets"),
            ((folds_by_unique, lambda p, t, test: skill_by_rows(p, t, ~test)), "training pictures"),
        ],
    ),
]
