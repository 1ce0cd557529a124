"""Doubling and convolving on the small image is what the long way gives, border and gradients included."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from dgnet_lite.networks.upsampling import DoubledConv


def long_way(layer, x):
    layer.folded = False
    try:
        return layer(x)
    finally:
        layer.folded = True


@pytest.mark.parametrize("size", [(8, 4), (3, 5), (2, 2)])
@pytest.mark.parametrize("kernel", [3, 5])
def test_the_image_and_every_gradient_are_those_of_the_long_way(kernel, size):
    torch.manual_seed(0)
    layer = DoubledConv(6, 4, kernel).double()
    x = torch.randn(2, 6, *size, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 4, 2 * size[0], 2 * size[1], dtype=torch.float64)  # so that no two pixels count alike
    results = []
    for way in (layer, lambda x: long_way(layer, x)):
        y = way(x)
        results.append((y.detach(), *torch.autograd.grad((weight * y).sum(), [x, layer.weight, layer.bias])))
    for folded, unfolded in zip(*results, strict=True):
        torch.testing.assert_close(folded, unfolded)


@pytest.mark.parametrize("kernel", [1, 7])
def test_other_kernels_go_the_long_way(kernel):
    layer, x = DoubledConv(3, 2, kernel), torch.randn(1, 3, 8, 4)
    assert layer(x).shape == (1, 2, 16, 8)
    torch.testing.assert_close(layer(x), long_way(layer, x), rtol=0, atol=0)


@pytest.mark.parametrize(("kernel", "share"), [(3, 4 / 9), (5, 9 / 25)])
def test_it_takes_the_share_of_the_multiplications_that_the_docstring_says(kernel, share):
    layer, x = DoubledConv(8, 8, kernel), torch.randn(1, 8, 64, 32)
    counts = []
    for way in (layer, lambda x: long_way(layer, x)):
        with FlopCounterMode(display=False) as counter:
            way(x)
        counts.append(counter.get_total_flops())
    assert counts[0] / counts[1] == pytest.approx(share, rel=0.25)  # border and folding are a little on top


def test_channels_last_stays_so():
    layer = DoubledConv(8, 8, 3).to(memory_format=torch.channels_last)
    x = torch.randn(2, 8, 16, 8).contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(layer(x), long_way(layer, x))
