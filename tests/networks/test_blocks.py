"""The norms and blocks of E_s, G and D."""

import pytest
import torch

from dgnet_lite.networks.blocks import AdaINResidualBlock, LayerNorm2d, ResidualBlock, adain, conv


@pytest.fixture
def x():
    torch.manual_seed(0)
    return 5 + 3 * torch.randn(4, 6, 32, 16)


# AdaIN


def test_adain_gives_each_channel_the_mean_it_is_told(x):
    bias = torch.randn(4, 6)
    y = adain(x, torch.randn(4, 6), bias)
    torch.testing.assert_close(y.mean(dim=(2, 3)), bias, rtol=0, atol=1e-5)


def test_adain_gives_each_channel_the_deviation_it_is_told(x):
    scale = torch.randn(4, 6)
    y = adain(x, scale, torch.randn(4, 6))
    torch.testing.assert_close(y.std(dim=(2, 3), unbiased=False), scale.abs(), rtol=1e-4, atol=1e-5)


def test_adain_by_hand():
    x = torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2)  # mean 2, deviation 1
    y = adain(x, torch.tensor([[10.0]]), torch.tensor([[7.0]]))
    torch.testing.assert_close(y.flatten(), torch.tensor([-3.0, 17.0]), rtol=0, atol=1e-3)


def test_a_scale_of_zero_leaves_the_bias_alone(x):
    y = adain(x, torch.zeros(4, 6), torch.full((4, 6), 2.5))
    assert (y == 2.5).all()


def test_an_adain_block_gives_the_first_half_of_the_numbers_to_the_first_norm(x):
    block = AdaINResidualBlock(6)
    scale, bias = torch.randn(4, 12), torch.randn(4, 12)
    scale[:, 6:] = 0  # the second norm then gives its bias, whatever the first did
    expected = x + bias[:, 6:, None, None]
    torch.testing.assert_close(block(x, scale, bias), expected)


# Layer norm


@pytest.mark.parametrize("shift", [0.0, 40.0])
def test_layer_norm_is_munits(shift):
    """(x - mean) / (unbiased deviation + 1e-5) over each image, then gain and offset of each channel."""
    torch.manual_seed(0)
    x = shift + 3 * torch.randn(2, 32, 64, 32)
    norm = LayerNorm2d(32)
    norm.gamma.data.uniform_(0, 1)
    norm.beta.data.normal_()
    flat = x.double().flatten(1)
    y = (x.double() - flat.mean(1).reshape(2, 1, 1, 1)) / (flat.std(1).reshape(2, 1, 1, 1) + 1e-5)
    expected = y * norm.gamma.double()[:, None, None] + norm.beta.double()[:, None, None]
    torch.testing.assert_close(norm(x).double(), expected, rtol=0, atol=1e-4)


def test_layer_norm_keeps_the_ratio_between_channels():
    x = torch.randn(1, 2, 32, 16)
    x[:, 1] = 10 * x[:, 0]
    y = LayerNorm2d(2)(x - x.mean())
    deviations = y.std(dim=(2, 3))[0]
    assert (deviations[1] / deviations[0]).item() == pytest.approx(10, rel=1e-4)


# Residual block and convolution


@pytest.mark.parametrize("norm", [True, False])
def test_a_residual_block_with_no_weights_is_the_identity(norm, x):
    block = ResidualBlock(6, norm=norm)
    for parameter in block.parameters():
        torch.nn.init.zeros_(parameter)
    torch.testing.assert_close(block(x), x, rtol=0, atol=0)


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (3, 1), (5, 1), (3, 4)])
def test_a_convolution_keeps_the_size_of_the_map(kernel, dilation, x):
    assert conv(6, 8, kernel, dilation=dilation)(x).shape == (4, 8, 32, 16)


def test_a_convolution_makes_no_dark_frame():
    layer = conv(1, 1)
    torch.nn.init.constant_(layer.weight, 1 / 9)
    torch.nn.init.zeros_(layer.bias)
    torch.testing.assert_close(layer(torch.ones(1, 1, 8, 8)), torch.ones(1, 1, 8, 8))
