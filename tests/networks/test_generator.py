"""G: obeys the appearance code, through AdaIN and through nothing else."""

import pytest
import torch
from torch import nn

from dgnet_lite.networks import generator
from dgnet_lite.networks.generator import Generator, interpolate, slice_code


@pytest.fixture
def code():
    """(2, 3 channels, 4 stripes, 1); the number is 100 image + 10 channel + stripe."""
    image, channel, stripe = torch.meshgrid(torch.arange(2), torch.arange(3), torch.arange(4), indexing="ij")
    return (100 * image + 10 * channel + stripe).float()[..., None]


@pytest.fixture
def g():
    torch.manual_seed(0)
    return Generator(code_channels=3, channels=8, upsamplings=1, mlp_width=8, code_slices="stripe").eval()


# What each block reads


def test_stripe_gives_block_k_all_channels_of_body_stripe_k(code):
    assert slice_code(code, 4, "stripe")[2].tolist() == [[2, 12, 22], [102, 112, 122]]


def test_channel_gives_block_k_the_kth_quarter_of_the_code_flattened_channel_major(code):
    flat = [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]
    assert [part[0].tolist() for part in slice_code(code, 4, "channel")] == [flat[i : i + 3] for i in (0, 3, 6, 9)]


def test_channel_at_full_size_gives_block_2_channels_512_to_1023_of_all_stripes():
    code = torch.arange(2048.0).reshape(1, 2048, 1, 1).expand(1, 2048, 4, 1)  # each number is its channel
    assert slice_code(code, 4, "channel")[1][0].unique().tolist() == list(range(512, 1024))


def test_whole_gives_every_block_everything(code):
    parts = slice_code(code, 2, "whole")
    assert [part.shape for part in parts] == [(2, 12), (2, 12)]


def test_stripes_need_as_many_blocks_as_stripes():
    with pytest.raises(ValueError, match="code_slices='stripe' needs 4 residual blocks, one a stripe; there are 2"):
        Generator(dilations=(1, 1), code_slices="stripe")


def test_channels_must_divide_among_the_blocks():
    with pytest.raises(ValueError, match="12 numbers of the code cannot be shared by 5 blocks"):
        Generator(code_channels=3, dilations=(1,) * 5, code_slices="channel")


# Obedience


def structures_and_codes():
    torch.manual_seed(1)
    return torch.randn(2, 8, 16, 8), torch.randn(2, 3, 4, 1), torch.randn(2, 3, 4, 1)


def test_another_appearance_gives_another_image(g):
    structure, a, b = structures_and_codes()
    assert (g(structure, a) - g(structure, b)).abs().max() > 0.01


@pytest.mark.parametrize("stripe", range(4))
def test_every_stripe_of_the_code_is_heard(g, stripe):
    structure, a, _ = structures_and_codes()
    b = a.clone()
    b[:, :, stripe] += 1
    assert (g(structure, a) - g(structure, b)).abs().max() > 1e-3


def test_with_constant_adain_parameters_the_appearance_is_not_heard(g):
    structure, a, b = structures_and_codes()
    for net in (*g.scale, *g.bias):
        nn.init.zeros_(net[-1].weight)
        nn.init.ones_(net[-1].bias)
    torch.testing.assert_close(g(structure, a), g(structure, b), rtol=0, atol=0)


def test_another_structure_gives_another_image(g):
    structure, a, _ = structures_and_codes()
    assert (g(structure, a) - g(structure.flip(0), a)).abs().max() > 0.01


def test_an_image_does_not_depend_on_the_others_of_its_batch(g):
    structure, a, _ = structures_and_codes()
    torch.testing.assert_close(g(structure, a)[:1], g(structure[:1], a[:1]), rtol=1e-4, atol=1e-5)


def test_conditioning_is_passed_and_not_stored(g):
    structure, a, _ = structures_and_codes()
    names = {name: set(vars(module)) for name, module in g.named_modules()}
    buffers = dict(g.named_buffers())
    g(structure, a)
    assert {name: set(vars(module)) for name, module in g.named_modules()} == names
    assert dict(g.named_buffers()) == buffers == {}


# Size and start


@pytest.mark.parametrize(("upsamplings", "size"), [(1, (32, 16)), (2, (64, 32))])
def test_each_upsampling_doubles_the_image(upsamplings, size):
    g = Generator(code_channels=3, channels=8, upsamplings=upsamplings, mlp_width=8)
    structure, a, _ = structures_and_codes()
    assert g(structure, a).shape == (2, 3, *size)


def test_g_can_start_as_instance_norm():
    torch.manual_seed(0)
    g = Generator(code_channels=3, channels=8, mlp_width=8, start_as_instance_norm=True)
    a = 0.01 * torch.randn(2, 12).reshape(2, 3, 4, 1)
    first = slice_code(a, 4, "stripe")[0]
    torch.testing.assert_close(g.scale[0](first), torch.ones(2, 16), rtol=0, atol=0.02)
    torch.testing.assert_close(g.bias[0](first), torch.zeros(2, 16), rtol=0, atol=0.02)


def test_the_image_is_not_squeezed_into_a_range(g):
    structure, a, _ = structures_and_codes()
    nn.init.constant_(g.to_image[-1].bias, 5.0)
    assert g(structure, a).mean() > 3


def test_interpolation_goes_from_one_code_to_the_other_in_equal_steps():
    start, end = torch.zeros(1, 3, 4, 1), torch.full((1, 3, 4, 1), 4.0)
    assert interpolate(start, end, 5)[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]


# Parts of a batch


def test_painting_a_batch_in_parts_changes_neither_the_images_nor_the_gradients(g, monkeypatch):
    structure, code, _ = structures_and_codes()
    whole = g(structure, code)
    whole.square().mean().backward()
    gradients = {name: p.grad.clone() for name, p in g.named_parameters()}
    g.zero_grad()
    calls = []
    g.to_image.register_forward_hook(lambda module, args, out: calls.append(len(out)))
    monkeypatch.setattr(generator, "CACHE", 4 * 2 * structure[0].numel())  # the largest feature map of one image
    parts = g(structure, code)
    parts.square().mean().backward()
    assert calls == [1, 1]
    torch.testing.assert_close(parts, whole)
    for name, p in g.named_parameters():
        torch.testing.assert_close(p.grad, gradients[name], rtol=1e-4, atol=1e-6, msg=name)


def test_what_a_structure_gives_to_several_appearances_is_computed_once(g):
    structure, _, _ = structures_and_codes()
    appearance, rows = torch.randn(5, 3, 4, 1), torch.tensor([1, 0, 1, 1, 0])
    seen = []
    g.residual[0].conv1.register_forward_hook(lambda _, x, __: seen.append(len(x[0])))
    y = g(structure, appearance, rows)
    assert sum(seen) == 2
    torch.testing.assert_close(y, g(structure[rows], appearance), rtol=1e-5, atol=1e-6)
