"""E_s: sees where things are and not what colour they have."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from dgnet_lite.networks.structure import AtrousConv, DilatedPyramid, StructureEncoder, grey


def test_grey_is_the_mean_of_the_normalised_channels():
    x = torch.tensor([1.0, 2.0, 6.0]).reshape(1, 3, 1, 1)
    assert grey(x).tolist() == [[[[3.0]]]]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[1:])
def test_e_s_does_not_notice_when_colours_are_exchanged(order):
    torch.manual_seed(0)
    encoder = StructureEncoder(4, 16).eval()
    x = torch.randn(2, 3, 64, 32)
    torch.testing.assert_close(encoder(grey(x[:, list(order)])), encoder(grey(x)), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("downsamplings", "shape"), [(1, (2, 16, 32, 16)), (2, (2, 16, 16, 8))])
@pytest.mark.parametrize("aspp", [False, True])
def test_downsamplings_decide_the_size_of_the_structure_code(downsamplings, shape, aspp):
    encoder = StructureEncoder(4, 16, downsamplings, (1, 2), aspp)
    assert encoder(torch.randn(2, 1, 64, 32)).shape == shape


def test_e_s_has_one_residual_block_for_each_dilation():
    dilations = [block.body[0].dilation[0] for block in StructureEncoder(4, 16, 2, (1, 2, 4)).residual]
    assert dilations == [1, 2, 4]


def test_the_code_of_the_release_is_instance_normalised():
    code = StructureEncoder(4, 16, aspp=True)(torch.randn(2, 1, 64, 32))
    torch.testing.assert_close(code.mean(dim=(2, 3)), torch.zeros(2, 16), rtol=0, atol=1e-5)
    torch.testing.assert_close(code.std(dim=(2, 3), unbiased=False), torch.ones(2, 16), rtol=0, atol=1e-2)


def test_the_pyramid_looks_at_1_pixel_and_3_6_and_9_pixels_away():
    pyramid = DilatedPyramid(8, 16)
    assert [branch[1].dilation[0] for branch in list(pyramid.branches)[1:]] == [3, 6, 9]
    assert pyramid.branches[0][0].kernel_size == (1, 1)


@pytest.mark.parametrize("size", [(64, 32), (16, 8)], ids=["full size", "narrower than the dilation"])
@pytest.mark.parametrize("dilation", [3, 9])
def test_the_pyramid_sees_a_mirror_at_the_border(size, dilation):
    conv = AtrousConv(2, dilation)
    x = torch.randn(1, 2, *size)
    mirrored = np.pad(x.numpy(), ((0, 0), (0, 0), (dilation, dilation), (dilation, dilation)), mode="reflect")
    expected = F.conv2d(torch.from_numpy(mirrored), conv.weight, conv.bias, dilation=dilation)
    torch.testing.assert_close(conv(x), expected)
