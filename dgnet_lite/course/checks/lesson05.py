"""Checks of lesson 05: receptive field, patch maps, both adversarial losses, gradient punishment, the Dirac-GAN."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from dgnet_lite.course.checks.core import exercise, expect, expect_close, expect_equal

PATCHGAN = [(1, 1), (3, 1), (3, 2), (3, 1), (3, 2), *[(3, 1)] * 8, (1, 1)]
"""(kernel, stride) of the release's D, first layer first."""


def patches(*scores: list[float]) -> list[Tensor]:
    """Patch maps (1, 1, 1, N), one for each scale."""
    return [torch.tensor(each)[None, None, None, :] for each in scores]


@exercise("05.1", "Receptive field")
def check_receptive_field(receptive_field: Callable) -> str:
    """`receptive_field(layers)`: layers is a list of (kernel, stride), first layer first; pixels along one axis."""
    causes = [(0, "A patch without layers sees one pixel: start with 1.")]
    expect_equal(receptive_field([]), 1, "no layer at all", causes)
    expect_equal(receptive_field([(3, 1), (3, 1)]), 5, "two 3x3 convolutions", [(6, "Add kernel - 1: see hint 1.")])
    causes = [
        (5, "The stride has no effect, or the layers are taken in the wrong order: see hints 2 and 3."),
        (9, "A layer's stride widens the steps after it, not its own: see hint 2."),
        (10, "A layer's stride widens the steps after it, not its own: see hint 2."),
    ]
    expect_equal(receptive_field([(3, 2), (3, 1)]), 7, "3x3 with stride 2, then 3x3", causes)
    causes = [
        (9, "You go from the last layer to the first with the rule of the other direction: see hint 3."),
        (7, "The layers are taken in the wrong order: see hint 3."),
    ]
    expect_equal(receptive_field([(3, 1), (3, 2)]), 5, "3x3, then 3x3 with stride 2", causes)
    causes = [(lambda v: v == 57, "Strides multiply: after two of them a step is 4 pixels, not 3 or 2: see hint 2.")]
    expect_equal(receptive_field([(3, 2), (3, 2), (3, 1)]), 15, "two strides, then 3x3", causes)
    expect_equal(receptive_field(PATCHGAN), 77, "the release's D", [])
    return "D sees 77 pixels"


@exercise("05.2", "Sizes of the patch maps")
def check_patch_maps(patch_maps: Callable) -> str:
    """`patch_maps(height, width, scales, layers)`: [(rows, columns), ...], largest first; layers as in 05.1."""
    causes = [
        (lambda v: v.tolist() == [[16, 8], [32, 16], [64, 32]], "The largest map comes first."),
        (lambda v: v.tolist() == [[32, 64], [16, 32], [8, 16]], "Rows come first, then columns."),
        (lambda v: v.tolist()[0] == [32, 16], "Scale 1 sees the image itself, without a mean before it: see hint 2."),
        (lambda v: len({tuple(size) for size in v.tolist()}) == 1, "Between scales the image is halved: see hint 2."),
        (lambda v: v.tolist()[0] != [64, 32], "The first map is wrong: two of the layers have stride 2: see hint 1."),
        (lambda v: v.tolist()[1:] == [[32, 16], [32, 16]], "Halve again for the third scale: see hint 2."),
    ]
    got = [tuple(size) for size in patch_maps(256, 128, 3, PATCHGAN)]
    expect_equal(got, [(64, 32), (32, 16), (16, 8)], "three scales of a 256 x 128 image", causes)
    got = [tuple(size) for size in patch_maps(65, 33, 2, PATCHGAN)]
    causes = [
        (
            lambda v: v.tolist()[0] in ([16, 8], [16.25, 8.25]),
            "65 rows become 33, not 32: padding saves the last one; use the formula of hint 1.",
        ),
        (lambda v: v.tolist() == [[17, 9], [8, 4]], "The pooling rounds up, too: hint 2."),
    ]
    expect_equal(got, [(17, 9), (9, 5)], "two scales of a 65 x 33 image", causes)
    return "odd sizes, too"


@exercise("05.3", "Least squares")
def check_lsgan(discriminator_lsgan: Callable, generator_lsgan: Callable) -> str:
    """`discriminator_lsgan(real, fake)`, `generator_lsgan(fake)`: lists of patch scores, one tensor for each scale."""
    real, fake = patches([3.0, 1.0], [0.0]), patches([4.0, 0.0], [1.0])
    causes = [
        (10, "Targets are exchanged (real go to 1, generated ones to 0: hint 1), or only scale 1 counts: hint 3."),
        (22, "That is the sum over patches; take the mean of each scale: see hint 2."),
        (22 / 3, "You put all patches into one mean; take one mean for each scale, then add: see hint 2."),
        (6, "6 is half: add the scales, do not average them, and no factor 1/2: see hint 3."),
        (10.5, "Square after taking away the target."),
    ]
    expect_close(discriminator_lsgan(real, fake), 12.0, "D, scales of 2 and 1 patches", causes)
    causes = [
        (9, "G wants its patches to be taken for real: target 1: see hint 1."),
        (10, "That is the sum over patches; take the mean of each scale: see hint 2."),
        (2.5, "2.5 is half: add the scales, do not average them: see hint 3."),
        (10 / 3, "You put all patches into one mean; take one mean for each scale, then add: see hint 2."),
    ]
    expect_close(generator_lsgan(fake), 5.0, "G, the same generated patches", causes)
    return "2 scales"


@exercise("05.4", "Log loss that does not overflow")
def check_log_losses(discriminator_log: Callable, generator_log: Callable) -> str:
    """`discriminator_log(real, fake)`, `generator_log(fake)`: lists of patch scores before the sigmoid."""
    zero = patches([0.0, 0.0], [0.0])
    causes = [
        (6 * math.log(2), "That is the sum over patches; take the mean of each scale."),
        (2 * math.log(2), "Add the scales; they are averaged, or the second one is left out."),
        (-4 * math.log(2), "Eq. (7) is what D makes large; a loss is its negative: see hint 1."),
    ]
    expect_close(discriminator_log(zero, zero), 4 * math.log(2), "D, all scores 0, two scales", causes)
    real, fake = patches([math.log(3)]), patches([-math.log(3)])
    causes = [(2 * math.log(4), "Real and generated patches are exchanged.")]
    expect_close(discriminator_log(real, fake), 2 * math.log(4 / 3), "D, sigmoid 3/4 and 1/4", causes)
    causes = [
        (lambda v: not math.isfinite(v), "sigmoid(-200) is 0 in float32, and log 0 is infinite: see hint 2."),
        (lambda v: v < 110, "The loss stops growing: an epsilon or a clamp cuts it off, and its gradient: see hint 2."),
        (lambda v: v > 390, "That is the sum over patches; take the mean of each scale."),
    ]
    far = patches([-200.0])
    expect_close(discriminator_log(far, zero[:1]), 200 + math.log(2), "D, a real patch at -200", causes)
    causes = [
        (math.log(4 / 3), "Minus log of D(G), not of 1 - D(G): see hint 3."),
        (-math.log(4 / 3), "That is log(1 - D(G)): it saturates when D is sure: see hint 3."),
        (-math.log(4), "Your sign is the other way round: a loss is positive here."),
    ]
    expect_close(generator_log(fake), math.log(4), "G, sigmoid 1/4", causes)
    score = torch.tensor([[[[-200.0]]]], requires_grad=True)
    loss = generator_log([score])
    causes = [
        (lambda v: not math.isfinite(v), "sigmoid(-200) is 0 in float32, and log 0 is infinite: see hint 2."),
        (lambda v: v < 110, "The loss stops growing: an epsilon or a clamp cuts it off: see hint 2."),
    ]
    expect_close(loss, 200.0, "G, a patch at -200", causes)
    (slope,) = torch.autograd.grad(loss, score)
    causes = [
        (lambda v: math.isnan(v.item()), "Its gradient is NaN: `where` also differentiates the other branch: hint 2."),
    ]
    expect_close(slope, [[[[-1.0]]]], "the slope of G's loss there", causes)
    return "finite at -200, slope -1"


def near(value: object, wanted: float) -> bool:
    return abs(float(value) - wanted) < 1e-3


@exercise("05.5", "The Dirac-GAN")
def check_dirac_step(dirac_step: Callable) -> str:
    """`dirac_step(theta, psi, h, c)`: the next (theta, psi)."""
    got = dirac_step(1.0, 0.0, 0.2, 0.0)
    causes = [
        (lambda v: near(v[1], 0.1), "D goes up its loss; it must go down: see hint 1."),
        (lambda v: near(v[1], -0.2), "The slope of softplus at 0 is sigmoid(0) = 1/2: see hint 1."),
    ]
    expect_close(got, [1.0, -0.1], "theta 1, psi 0, step 0.2, no punishment", causes)
    got = dirac_step(0.0, 1.0, 0.2, 0.0)
    causes = [
        (lambda v: near(v[0], -0.1), "G goes up its loss; it must go down: see hint 1."),
        (lambda v: near(v[0], 0.1) and v[1] < 1, "D used the new theta; both move at once, from the old ones: hint 3."),
    ]
    expect_close(got, [0.1, 1.0], "theta 0, psi 1, step 0.2, no punishment", causes)
    got = dirac_step(0.0, 1.0, 0.2, 0.5)
    causes = [
        (lambda v: near(v[1], 0.9), "The derivative of c psi^2 is 2 c psi: see hint 2."),
        (lambda v: near(v[1], 1.2), "The punishment pushes psi away from 0; it must pull it there: see hint 2."),
        (lambda v: near(v[1], 0.5), "The punishment is multiplied by the step, as every gradient: see hint 2."),
        (lambda v: near(v[1], 0), "The punishment is multiplied by the step, as every gradient: see hint 2."),
    ]
    expect_close(got, [0.1, 0.8], "the same with c = 0.5", causes)
    causes = [(lambda v: near(v[0], 0.8), "Only D is punished: c psi^2 is no part of G's loss.")]
    expect_close(dirac_step(1.0, 0.0, 0.2, 0.5), [1.0, -0.1], "theta 1, psi 0, c = 0.5", causes)
    got = dirac_step(1.0, math.log(3), 0.2, 0.0)
    causes = [
        (
            lambda v: near(v[0], 1 + 0.05 * math.log(3)),
            "That is G's loss -log D. Here G minimises eq. (7) as it stands, -softplus(psi theta): see hint 1.",
        ),
        (lambda v: near(v[1], math.log(3) - 0.05), "D's loss is softplus(psi theta): sigmoid(psi theta): see hint 1."),
        (lambda v: near(v[1], math.log(3) - 0.1), "Use the sigmoid, not its value at 0: see hint 1."),
    ]
    expect_close(got, [1 + 0.15 * math.log(3), math.log(3) - 0.15], "theta 1, psi log 3: sigmoid 3/4", causes)
    return "5 steps by hand"


@exercise("05.6", "Gradient punishment")
def check_gradient_punishment(gradient_punishment: Callable) -> str:
    """`gradient_punishment(real, x)`: real is a list of patch scores of x, which requires gradients."""
    x = torch.stack([torch.full((3, 2, 2), 1.0), torch.full((3, 2, 2), 2.0)]).requires_grad_(True)
    p = torch.tensor(2.0, requires_grad=True)
    # first scale: gradient p x on the 4 pixels of channel 0, 2 and 4; second: p on the same, 2 and 2
    real = [p * x[:, :1] ** 2 / 2, p * x[:, :1].sum(dim=(2, 3), keepdim=True)]
    got = gradient_punishment(real, x)
    causes = [
        (112, "That is the sum over the batch; take its mean: see hint 2."),
        (28, "Half of it: no factor 1/2 here, or is it a mean over scales? See hint 3."),
        (56 / 12, "Sum the squares over an image, do not average them: see hint 2."),
        (104, "Square each scale's gradient, then add; you add the gradients first: see hint 3."),
        (144, "`x.grad` adds up from scale to scale; torch.autograd.grad does not: see hint 1."),
        (lambda v: near(v, 40 / 16 + 16), "Sum the scores over patches, do not average them: see hint 1."),
        (lambda v: near(v, 40 / 64 + 4), "Sum the scores over patches, do not average them: see hint 1."),
        (lambda v: near(v, 6 + 4), "That is the norm; its square is asked for: see hint 2."),
        (lambda v: near(v, 24 + 16), "Sums of gradients without a square (hint 2), or the first scale alone (hint 3)."),
    ]
    expect_close(got, 56.0, "two images, two scales", causes)
    expect(
        isinstance(got, Tensor) and got.requires_grad,
        "D could not learn from it: nothing leads back to D's weights. Is create_graph=True missing? See hint 1.",
    )
    (slope,) = torch.autograd.grad(got, p)
    causes = [(lambda v: True, "Its value is right, its derivative by D's weight is not: is something detached?")]
    expect_close(slope, 56.0, "its derivative by D's weight", causes)  # it is 14 p^2
    return "56 by hand, and it can be differentiated again"
