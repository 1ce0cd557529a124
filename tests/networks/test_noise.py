"""The unconditional generator: an image of any size from noise, through DG-Net's own G."""

import pytest
import torch

from dgnet_lite.config import Config
from dgnet_lite.networks.generator import Generator
from dgnet_lite.networks.noise import NoiseGenerator


@pytest.fixture(scope="module")
def networks():
    return Config.preset("official", "smoke").networks


@pytest.fixture(scope="module")
def g(networks):
    torch.manual_seed(0)
    return NoiseGenerator(networks, 64).eval()


@pytest.mark.parametrize("height", [32, 64, 128, 96])
def test_the_image_has_the_height_asked_for_and_half_of_it_as_width(networks, height):
    g = NoiseGenerator(networks, height)
    assert g(torch.zeros(2, g.noise_dim)).shape == (2, 3, height, height // 2)


def test_from_the_codes_on_it_is_the_g_of_dgnet(g, networks):
    own = sum(parameter.numel() for parameter in g.G.parameters() if parameter.dim() == 4)
    c = networks
    theirs = Generator(
        1, c.structure_channels, c.downsamplings, c.generator_dilations, c.upsampling_kernel, c.mlp_width
    )
    assert own == sum(parameter.numel() for parameter in theirs.parameters() if parameter.dim() == 4)


def test_every_number_of_the_noise_reaches_the_image(g):
    z = torch.randn(1, g.noise_dim, generator=torch.Generator().manual_seed(0)).requires_grad_(True)
    g(z).square().sum().backward()
    assert (z.grad != 0).all()


def test_noise_comes_from_the_generator_it_is_given(g):
    first, second, other = (g.draw(4, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert first.shape == (4, g.noise_dim)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_noise_that_cannot_be_cut_into_stripes_is_refused(networks):
    with pytest.raises(ValueError, match="noise_dim is 126: it must be a multiple of 4"):
        NoiseGenerator(networks, 64, noise_dim=126)
