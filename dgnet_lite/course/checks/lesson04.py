"""Checks of lesson 04: instance norm, AdaIN, the code's slices, the MLPs, the residual block, layer norm."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dgnet_lite.course.checks.core import exercise, expect, expect_close, expect_equal, expect_shape

FROM_EPS = 1e-3
"""How far eps = 1e-5 may move a result from the numbers worked by hand, which leave it out."""


def one_row(*channels: list[float]) -> Tensor:
    """(1, C, 1, W): each list is a channel of one row."""
    return torch.tensor(channels)[None, :, None, :]


@exercise("04.1", "Instance norm")
def check_instance_norm(instance_norm: Callable) -> str:
    """`instance_norm(x, eps)`, x (B, C, H, W)."""
    x = torch.cat([one_row([1.0, 3.0], [10.0, 30.0]), one_row([5.0, 7.0], [2.0, 2.2])])
    got = instance_norm(x, 1e-5)
    expect_shape(got, (2, 2, 1, 2), "the shape of what comes out")
    causes = [
        (torch.tensor([-1.0, 1.0, -10.0, 10.0, -1.0, 1.0, -0.1, 0.1]).reshape(2, 2, 1, 2), "Divide, too."),
        (lambda v: near(v[0].ravel()[:2], [-0.7071, 0.7071]), "That is the deviation with N - 1; take N: see hint 2."),
        (lambda v: near(v[0].ravel()[2:], [-0.1, 0.1]), "You divide by the variance; take its root: see hint 2."),
        (lambda v: near(v[:, 0].mean(), 0) and not near(v[0, 0].mean(), 0), "The mean goes over the batch as well."),
        (lambda v: near(v[0].mean(), 0) and not near(v[0, 0].mean(), 0), "That goes over channels, too: hint 1."),
        (lambda v: near(v[0].ravel()[:2], [1, 3]), "The mean is still in: take it away first."),
    ]
    expect_close(got, [[[[-1, 1]], [[-1, 1]]], [[[-1, 1]], [[-1, 1]]]], "two pictures, two channels", causes, FROM_EPS)
    causes = [(torch.zeros(1, 1, 2, 2), "Each row is normalised by itself; take rows and columns: see hint 1.")]
    rows = torch.tensor([[[[1.0, 1.0], [3.0, 3.0]]]])
    expect_close(instance_norm(rows, 1e-5), [[[[-1, -1], [1, 1]]]], "a row of 1 above a row of 3", causes, FROM_EPS)
    flat = instance_norm(torch.full((1, 1, 2, 2), 7.0), 1e-5)
    expect_close(
        flat, torch.zeros(1, 1, 2, 2), "a channel that is 7 everywhere", [(is_nan, "0/0: eps is not used.")], FROM_EPS
    )
    causes = [(one_row([-0.25, 0.25]), "eps belongs under the root, beside the variance: see hint 3.")]
    causes.append((one_row([-1.0, 1.0]), "eps is not used: see hint 3."))
    expect_close(instance_norm(one_row([1.0, 3.0]), 3.0), [[[[-0.5, 0.5]]]], "variance 1 and eps = 3", causes)
    return "4 channels, one of two rows, a flat one, a large eps"


def near(values: object, wanted: object) -> bool:
    have, want = torch.as_tensor(values).double(), torch.as_tensor(wanted).double()
    return bool(((have - want).abs() < 0.01).all())


def is_nan(values: object) -> bool:
    return bool(torch.as_tensor(values).isnan().any())


@exercise("04.2", "AdaIN")
def check_adain(adain: Callable) -> str:
    """`adain(x, scale, bias)`, x (B, C, H, W), scale and bias (B, C)."""
    got = adain(one_row([1.0, 3.0]), torch.tensor([[10.0]]), torch.tensor([[7.0]]))
    expect_shape(got, (1, 1, 1, 2), "one channel of two pixels")
    causes = [
        (lambda v: near(v, [[[[-4, 18]]]]), "That is 1 + scale; here the scale is used as it comes: see hint 2."),
        (lambda v: near(v, [[[[3, 17]]]]), "scale and bias are exchanged."),
        (lambda v: near(v, [[[[17, 37]]]]), "The old statistics are still in: instance norm comes first: see hint 1."),
        (lambda v: near(v, [[[[-17, 3]]]]), "The bias is taken away; add it."),
        (lambda v: near(v, [[[[60, 80]]]]), "The bias comes after the scale, not before it."),
    ]
    expect_close(got, [[[[-3, 17]]]], "pixels 1 and 3, scale 10, bias 7", causes, FROM_EPS)
    x = torch.randn(2, 3, 2, 3)
    scale, bias = torch.tensor([[1.0, 2, 3], [4, 5, -6]]), torch.tensor([[10.0, 20, 30], [40, 50, 60]])
    got = adain(x, scale, bias)
    expect_shape(got, x.shape, "two pictures of three channels", [((2, 3), "Keep the pixels: see hint 3.")])
    asked = "Is the norm over each channel's own pixels (hint 1)? Do scale and bias meet (B, C) (hint 3)?"
    means = [(lambda v: not near(v, bias), asked)]
    expect_close(got.mean(dim=(2, 3)), bias, "the mean of each channel", means, FROM_EPS)
    expect_close(got.std(dim=(2, 3), unbiased=False), scale.abs(), "the deviation of each channel", [], 1e-2)
    turned = (got[1, 2] - 60) * (x[1, 2] - x[1, 2].mean())
    expect((turned <= 1e-4).all(), "A negative scale must turn light into dark; yours does not: is there an abs()?")
    return "7 channels"


@exercise("04.3", "Slices of the code")
def check_slice_code(slice_code: Callable) -> str:
    """`slice_code(code, how)`, code (B, C, 4, 1), how "stripe" or "channel": a list of four (B, C)."""
    channel, stripe = torch.arange(8)[:, None], torch.arange(4)[None, :]
    code = (100 * torch.arange(2)[:, None, None] + 10 * channel + stripe).float()[..., None]  # (2, 8, 4, 1)
    by_stripe = [code[:, :, k, 0] for k in range(4)]
    pairs = [[0, 1, 2, 3, 10, 11, 12, 13], [20, 21, 22, 23, 30, 31, 32, 33]]
    pairs += [[40 + n for n in pairs[0]], [40 + n for n in pairs[1]]]
    by_channel = [torch.tensor([pair, [100 + n for n in pair]]).float() for pair in pairs]
    mistaken = {
        "stripe": "These are a quarter of the channels, in all stripes. A stripe is one place of axis 2: see hint 1.",
        "channel": "These are the stripes. `flatten(1)` of the code goes channel by channel: see hint 3.",
    }
    for how, expected, other in (("stripe", by_stripe, by_channel), ("channel", by_channel, by_stripe)):
        got = slice_code(code, how)
        expect_equal(len(got), 4, f'how many slices "{how}" gives', [(8, "One for each block: four.")])
        for k in range(4):
            what = f'what block {k + 1} hears with "{how}" (number = 100 picture + 10 channel + stripe)'
            shapes = [(lambda s: len(s) > 2, "One row of numbers for each picture, (B, C): flatten(1)? See hint 2.")]
            expect_shape(got[k], (2, 8), what, shapes)
            causes = [
                (other[k], mistaken[how]),
                (lambda v: not near(v[:, 0] // 100, [0, 1]), "The pictures of the batch are mixed: keep axis 0."),
            ]
            expect_equal(got[k], expected[k], what, causes)
    return "stripe and channel"


@exercise("04.4", "How many numbers")
def check_counts(adain_numbers: Callable, mlp_parameters: Callable) -> str:
    """`adain_numbers(channels, blocks)` and `mlp_parameters(n_in, width, n_out)`."""
    causes = [
        (60, "Each AdaIN needs a scale and a bias: see hint 1."),
        (40, "A residual block holds two AdaIN layers: see hint 1."),
        (20, "Each of the two AdaIN layers of a block needs a scale and a bias: see hint 1."),
        (30, "Each of the two AdaIN layers of a block needs a scale and a bias: see hint 1."),
    ]
    expect_equal(adain_numbers(10, 3), 120, "AdaIN numbers of 3 blocks with 10 channels", causes)
    expect_equal(adain_numbers(128, 4), 2048, "AdaIN numbers of the paper's generator", [])
    causes = [
        (27, "The biases are missing: n_out of them in each layer: see hint 2."),
        (25, "There are three linear layers, not two: see hint 3."),
        (18, "There are three linear layers, not two, and each has biases: see hints 2 and 3."),
    ]
    expect_equal(mlp_parameters(2, 3, 4), 37, "parameters of the MLP 2 -> 3 -> 3 -> 4", causes)
    expect_equal(mlp_parameters(2048, 512, 256), 1_443_072, "parameters of one MLP of the release", [])
    return "8 MLPs of 1,443,072 weights deliver 2,048 numbers"


@exercise("04.5", "The residual block")
def check_adain_block(adain_block: Callable) -> str:
    """`adain_block(x, scale, bias, conv1, conv2)`: scale and bias (B, 2C), conv1 and conv2 modules or functions."""
    x = one_row([-3.0, -1.0, 1.0, 3.0])  # deviation sqrt(5), so that a scale of sqrt(5) gives x again
    scale, bias = torch.tensor([[5**0.5, 7.0]]), torch.tensor([[0.0, 0.0]])
    got = adain_block(x, scale, bias, torch.nn.Identity(), torch.nn.Identity())
    expect_shape(got, (1, 1, 1, 4), "one channel of four pixels")
    causes = [
        (lambda v: near(v, [[[[-7, -5, 1, 11]]]]), "x itself is missing: the block adds to it: see hint 1."),
        (lambda v: near(v, [[[[-4.4, -2, 2, 14]]]]), "No activation after the second AdaIN: see hint 2."),
        (lambda v: near(v, [[[[-12.3915, -4.1305, 4.1305, 12.3915]]]]), "LeakyReLU is missing: see hint 2."),
        (lambda v: near(v, [[[[-5.2361, -2.5972, 1.3194, 6.5138]]]]), "The two halves are exchanged: see hint 3."),
        (lambda v: near(v, [[[[-8.7155, -6.7155, 1, 14.4311]]]]), "That is ReLU; take LeakyReLU with slope 0.2."),
        (lambda v: near(v, [[[[-8.7910, -6.6775, 1.0568, 14.4117]]]]), "The slope of LeakyReLU is 0.2, not 0.01."),
    ]
    expect_close(got, [[[[-10, -6, 2, 14]]]], "scale (√5, 7), bias 0, no convolution", causes, FROM_EPS)
    bias = torch.tensor([[0.0, 100.0]])
    got = adain_block(x, scale, bias, torch.nn.Identity(), lambda y: -y)
    causes = [
        (lambda v: near(v, [[[[90, 94, 102, 114]]]]), "conv2 is not used for the second: see hint 1."),
        (lambda v: near(v.mean(), 0), "The second half of the numbers belongs to the second AdaIN: see hint 3."),
    ]
    expect_close(got, [[[[104, 104, 100, 92]]]], "the same with bias (0, 100), conv2 turning signs", causes, FROM_EPS)
    scale, bias = torch.tensor([[5**0.5, 5**0.5]]), torch.tensor([[3.0, 10.0]])
    got = adain_block(x, scale, bias, lambda y: -y, torch.nn.Identity())
    # the first AdaIN gives 6, 4, 2, 0: nothing is negative, and the second makes -x + 10 of it
    causes = [
        (lambda v: near(v, [[[[4, 8, 12, 16]]]]), "conv1 is not used for the first: see hint 1."),
        (
            lambda v: near(v, [[[[10.5138, 9.3194, 9.4028, 10.7639]]]]),
            "The first AdaIN and its bias come before LeakyReLU; the bias decides what is negative: see hint 2.",
        ),
    ]
    expect_close(got, [[[[10, 10, 10, 10]]]], "scale (√5, √5), bias (3, 10), conv1 turning signs", causes, FROM_EPS)
    x = torch.randn(2, 3, 4, 4)
    scale, bias = torch.randn(2, 6), torch.randn(2, 6)
    scale[:, 3:] = 0  # the second AdaIN then gives its bias, whatever the first did
    got = adain_block(x, scale, bias, torch.nn.Identity(), torch.nn.Identity())
    causes = [(lambda v: True, "Channels 1..C of (B, 2C) are for the first AdaIN, the rest for the second: hint 3.")]
    expect_close(got, x + bias[:, 3:, None, None], "three channels, second scale 0", causes, FROM_EPS)
    return "4 blocks"


@exercise("04.6", "Layer norm of the up-sampling")
def check_layer_norm(layer_norm: Callable) -> str:
    """`layer_norm(x, gamma, beta, eps)`, x (B, C, H, W), gamma and beta (C,)."""
    x = torch.cat([one_row([2.0, 6.0], [6.0, 6.0]), one_row([20.0, 60.0], [60.0, 60.0])])
    # mean 5, squares of the differences 9 + 1 + 1 + 1 = 12, and 12 / 3 = 2 * 2
    ones, zeros = torch.ones(2), torch.zeros(2)
    got = layer_norm(x, ones, zeros, 0.0)
    expect_shape(got, (2, 2, 1, 2), "the shape of what comes out")
    causes = [
        (lambda v: near(v[0], [[[-1.7321, 0.5774]], [[0.5774, 0.5774]]]), "That is N in the deviation; N - 1 here."),
        (
            lambda v: near(v[0, 0, 0].mean(), 0),
            "That is instance norm, channel by channel; take all of them: see hint 1.",
        ),
        (lambda v: near(v[0], [[[-0.75, 0.25]], [[0.25, 0.25]]]), "You divide by the variance; take its root."),
        (lambda v: not near(v[0], v[1]), "The pictures of the batch are normalised together: see hint 1."),
    ]
    expect_close(got, [[[[-1.5, 0.5]], [[0.5, 0.5]]]] * 2, "values 2, 6 | 6, 6 and ten times as much", causes)
    got = layer_norm(x, torch.tensor([10.0, 1.0]), torch.tensor([0.0, 100.0]), 0.0)
    causes = [(lambda v: True, "gamma and beta have one number for each channel, axis 1: see hint 3.")]
    expect_close(got[0], [[[-15, 5]], [[100.5, 100.5]]], "gamma (10, 1), beta (0, 100)", causes)
    causes = [(lambda v: True, "Each row is normalised by itself; take rows and columns, too: see hint 1.")]
    upright = layer_norm(x.mT, ones, zeros, 0.0)
    expect_close(upright, [[[[-1.5], [0.5]], [[0.5], [0.5]]]] * 2, "the same values, in columns", causes)
    causes = [
        (lambda v: near(v, [[[-1.5, 0.5]], [[0.5, 0.5]]]), "eps is not used: see hint 2."),
        (lambda v: near(v, [[[-1.2247, 0.4082]], [[0.4082, 0.4082]]]), "Here eps is added to the deviation: hint 2."),
    ]
    got = layer_norm(x, ones, zeros, 2.0)
    expect_close(got[0], [[[-0.75, 0.25]], [[0.25, 0.25]]], "deviation 2 and eps = 2", causes)
    return "2 pictures, gain and offset, a large eps"
