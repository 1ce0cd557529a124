"""Right answers to the exercises of lesson 05, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from dgnet_lite import losses as L
from dgnet_lite.course.checks.lesson05 import (
    check_dirac_step,
    check_gradient_punishment,
    check_log_losses,
    check_lsgan,
    check_patch_maps,
    check_receptive_field,
)
from dgnet_lite.course.checks.proof import Proof


def field_forwards(layers):
    size, jump = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * jump
        jump *= stride
    return size


def field_backwards(layers):
    size = 1
    for kernel, stride in reversed(layers):
        size = (size - 1) * stride + kernel
    return size


def field_without_strides(layers):
    return 1 + sum(kernel - 1 for kernel, _ in layers)


def field_with_own_stride(layers):
    size, jump = 1, 1
    for kernel, stride in layers:
        jump *= stride
        size += (kernel - 1) * jump
    return size


def field_in_the_other_order(layers):
    size = 1
    for kernel, stride in layers:
        size = (size - 1) * stride + kernel
    return size


def field_of_kernels(layers):
    return sum(kernel for kernel, _ in layers) or 1


def size_after(n, layers):
    for kernel, stride in layers:
        n = (n + 2 * (kernel // 2) - kernel) // stride + 1
    return n


def maps_by_formula(height, width, scales, layers):
    found = []
    for _ in range(scales):
        found.append((size_after(height, layers), size_after(width, layers)))
        height, width = size_after(height, [(3, 2)]), size_after(width, [(3, 2)])
    return found


def maps_by_torch(height, width, scales, layers):
    x, found = torch.zeros(1, 1, height, width), []
    for _ in range(scales):
        y = x
        for kernel, stride in layers:
            y = F.conv2d(y, torch.zeros(1, 1, kernel, kernel), stride=stride, padding=kernel // 2)
        found.append(list(y.shape[2:]))
        x = F.avg_pool2d(x, 3, 2, 1)
    return found


def maps_rounded_down(height, width, scales, layers):
    stride = math.prod(s for _, s in layers)
    return [(height // 2**k // stride, width // 2**k // stride) for k in range(scales)]


def maps_of_one_scale(height, width, scales, layers):
    return maps_by_formula(height, width, 1, layers) * scales


def maps_smallest_first(*arguments):
    return maps_by_formula(*arguments)[::-1]


def maps_columns_first(*arguments):
    return [size[::-1] for size in maps_by_formula(*arguments)]


def d_lsgan_by_loop(real, fake):
    total = 0.0
    for r, f in zip(real, fake, strict=True):
        total = total + F.mse_loss(r, torch.ones_like(r)) + F.mse_loss(f, torch.zeros_like(f))
    return total


def g_lsgan_by_loop(fake):
    return torch.stack([((1 - f) ** 2).mean() for f in fake]).sum()


def d_lsgan_exchanged(real, fake):
    return L.discriminator_lsgan(fake, real)


def d_lsgan_summed(real, fake):
    return sum((r - 1).pow(2).sum() + f.pow(2).sum() for r, f in zip(real, fake, strict=True))


def d_lsgan_in_one_mean(real, fake):
    real, fake = torch.cat([r.flatten() for r in real]), torch.cat([f.flatten() for f in fake])
    return (real - 1).pow(2).mean() + fake.pow(2).mean()


def d_lsgan_halved(real, fake):
    return L.discriminator_lsgan(real, fake) / 2


def g_lsgan_to_zero(fake):
    return sum(f.pow(2).mean() for f in fake)


def g_lsgan_summed(fake):
    return sum((f - 1).pow(2).sum() for f in fake)


def d_log_by_cross_entropy(real, fake):
    bce = F.binary_cross_entropy_with_logits
    return sum(bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f)) for r, f in zip(real, fake, strict=True))


def g_log_by_logsigmoid(fake):
    return -sum(F.logsigmoid(f).mean() for f in fake)


def d_log_by_sigmoid(real, fake):
    return -sum(r.sigmoid().log().mean() + (1 - f.sigmoid()).log().mean() for r, f in zip(real, fake, strict=True))


def d_log_with_epsilon(real, fake):
    small = 1e-12
    return -sum(
        (r.sigmoid() + small).log().mean() + (1 - f.sigmoid() + small).log().mean()
        for r, f in zip(real, fake, strict=True)
    )


def d_log_as_in_the_paper(real, fake):
    return -L.discriminator_log(real, fake)


def d_log_exchanged(real, fake):
    return L.discriminator_log(fake, real)


def g_log_that_saturates(fake):
    return -sum(F.softplus(f).mean() for f in fake)


def g_log_of_the_other(fake):
    return sum(F.softplus(f).mean() for f in fake)


def g_log_by_where(fake):
    return sum(torch.where(f < -50, -f, -f.sigmoid().log()).mean() for f in fake)


def punishment_by_loop(real, x):
    total = 0
    for patches in real:
        g = torch.autograd.grad(patches, x, torch.ones_like(patches), create_graph=True)[0]
        total = total + sum(image.norm() ** 2 for image in g) / len(x)
    return total


def punishment(*, graph=True, score=torch.sum, reduce=None):
    def gradient_punishment(real, x):
        total = 0
        for patches in real:
            (g,) = torch.autograd.grad(score(patches), x, create_graph=graph, retain_graph=True)
            total = total + (g.pow(2).flatten(1).sum(1).mean() if reduce is None else reduce(g))
        return total

    return gradient_punishment


def punishment_of_all_scales_at_once(real, x):
    return punishment()([sum(patches.flatten(1).sum(1) for patches in real)], x)


def punishment_that_adds_up(real, x):
    """As `patches.sum().backward(create_graph=True)` and `x.grad` do."""
    total, gradient = 0, 0
    for patches in real:
        gradient = gradient + torch.autograd.grad(patches.sum(), x, create_graph=True)[0]
        total = total + gradient.pow(2).flatten(1).sum(dim=1).mean()
    return total


def half_the_punishment(real, x):
    return punishment()(real, x) / 2


def detached_punishment(real, x):
    return punishment()(real, x).detach()


def dirac_by_hand(theta, psi, h, c):
    def sigmoid(t):
        return 1 / (1 + math.exp(-t))

    return theta + h * psi * sigmoid(psi * theta), psi - h * (theta * sigmoid(psi * theta) + 2 * c * psi)


def dirac_by_autograd(theta, psi, h, c):
    t, p = (torch.tensor(float(v), requires_grad=True) for v in (theta, psi))
    (up,) = torch.autograd.grad(-F.softplus(p * t), t)
    (down,) = torch.autograd.grad(F.softplus(p * t) + c * p**2, p)
    return torch.stack([t - h * up, p - h * down])


def dirac_one_after_the_other(theta, psi, h, c):
    theta = dirac_by_hand(theta, psi, h, c)[0]
    return theta, dirac_by_hand(theta, psi, h, c)[1]


def dirac_upwards(theta, psi, h, c):
    moved = dirac_by_hand(theta, psi, h, c)
    return 2 * theta - moved[0], 2 * psi - moved[1]


def dirac_with_half_the_punishment(theta, psi, h, c):
    return dirac_by_hand(theta, psi, h, c / 2)


def dirac_that_pushes(theta, psi, h, c):
    return dirac_by_hand(theta, psi, h, -c)


def dirac_with_both_punished(theta, psi, h, c):
    moved = dirac_by_hand(theta, psi, h, c)
    return moved[0] - h * 2 * c * theta, moved[1]


def dirac_of_minus_log_d(theta, psi, h, c):
    moved = dirac_by_hand(theta, psi, h, c)
    return theta + h * psi / (1 + math.exp(psi * theta)), moved[1]


PROOFS = [
    Proof(
        check_receptive_field,
        right=[field_forwards, field_backwards],
        wrong=[
            (field_without_strides, "no effect"),
            (field_with_own_stride, "not its own"),
            (field_in_the_other_order, "wrong order"),
            (field_of_kernels, "kernel - 1"),
        ],
    ),
    Proof(
        check_patch_maps,
        right=[maps_by_formula, maps_by_torch],
        wrong=[
            (maps_rounded_down, "33, not 32"),
            (maps_of_one_scale, "halved"),
            (maps_smallest_first, "largest"),
            (maps_columns_first, "Rows"),
            (lambda h, w, scales, layers: maps_by_formula(h // 2, w // 2, scales, layers), "image itself"),
        ],
    ),
    Proof(
        check_lsgan,
        right=[(L.discriminator_lsgan, L.generator_lsgan), (d_lsgan_by_loop, g_lsgan_by_loop)],
        wrong=[
            ((d_lsgan_exchanged, L.generator_lsgan), "exchanged"),
            ((d_lsgan_summed, L.generator_lsgan), "hint 2"),
            ((d_lsgan_in_one_mean, L.generator_lsgan), "one mean"),
            ((d_lsgan_halved, L.generator_lsgan), "half"),
            ((lambda r, f: L.discriminator_lsgan(r[:1], f[:1]), L.generator_lsgan), "only scale 1"),
            ((L.discriminator_lsgan, g_lsgan_to_zero), "target 1"),
            ((L.discriminator_lsgan, g_lsgan_summed), "sum over patches"),
        ],
    ),
    Proof(
        check_log_losses,
        right=[(L.discriminator_log, L.generator_log), (d_log_by_cross_entropy, g_log_by_logsigmoid)],
        wrong=[
            ((d_log_by_sigmoid, L.generator_log), "log 0"),
            ((d_log_with_epsilon, L.generator_log), "epsilon"),
            ((d_log_as_in_the_paper, L.generator_log), r"Eq\. \(7\)"),
            ((d_log_exchanged, L.generator_log), "exchanged"),
            ((L.discriminator_log, g_log_that_saturates), "saturates"),
            ((L.discriminator_log, g_log_of_the_other), "hint 3"),
            ((L.discriminator_log, g_log_by_where), "NaN"),
        ],
    ),
    Proof(
        check_dirac_step,
        right=[dirac_by_hand, dirac_by_autograd],
        wrong=[
            (dirac_one_after_the_other, "both move at once"),
            (dirac_upwards, "D goes up"),
            (dirac_with_half_the_punishment, "2 c psi"),
            (dirac_that_pushes, "away from 0"),
            (dirac_of_minus_log_d, "as it stands"),
            (dirac_with_both_punished, "Only D is punished"),
        ],
    ),
    Proof(
        check_gradient_punishment,
        right=[L.gradient_punishment, punishment_by_loop, punishment()],
        wrong=[
            (punishment(graph=False), "create_graph"),
            (punishment(score=torch.mean), "hint 1"),
            (punishment(reduce=lambda g: g.pow(2).sum()), "mean"),
            (punishment(reduce=lambda g: g.pow(2).mean()), "Sum the squares"),
            (punishment(reduce=lambda g: g.flatten(1).norm(dim=1).mean()), "norm"),
            (punishment_of_all_scales_at_once, "then add"),
            (half_the_punishment, "1/2"),
            (detached_punishment, "nothing leads back"),
            (punishment_that_adds_up, "adds up from scale to scale"),
            (lambda real, x: punishment()(real[:1], x), "first scale alone"),
        ],
    ),
]
