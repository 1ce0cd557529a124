"""D: three scales, each patch judged by itself."""

import pytest
import torch
import torch.nn.functional as F

from dgnet_lite.networks.discriminator import MultiScaleDiscriminator, PatchDiscriminator


@pytest.fixture
def d():
    torch.manual_seed(0)
    return MultiScaleDiscriminator(width=4, scales=3, residual_blocks=1).train()


@pytest.fixture
def x():
    return torch.randn(2, 3, 64, 32)


def test_each_scale_has_half_as_many_rows_of_patches(d, x):
    assert [tuple(p.shape) for p in d(x)] == [(2, 1, 16, 8), (2, 1, 8, 4), (2, 1, 4, 2)]


def test_the_score_of_an_image_does_not_depend_on_the_others_of_its_batch(d, x):
    other = torch.cat([x[:1], 100 * torch.randn(1, 3, 64, 32)])
    for together, with_another in zip(d(x), d(other), strict=True):
        torch.testing.assert_close(together[:1], with_another[:1], rtol=0, atol=1e-6)


def test_a_patch_does_not_see_the_far_end_of_the_image(x):
    torch.manual_seed(0)
    d = PatchDiscriminator(width=4, residual_blocks=1)
    changed = x.clone()
    changed[:, :, 60:] += 10
    torch.testing.assert_close(d(changed)[:, :, 0], d(x)[:, :, 0], rtol=0, atol=0)


def test_the_scales_do_not_share_weights(d):
    first, second = (next(scale.parameters()) for scale in list(d.scales)[:2])
    assert not torch.equal(first, second)


def test_the_second_scale_sees_the_image_at_half_size_without_dark_borders(d):
    x = torch.ones(1, 3, 64, 32)
    half = F.interpolate(x, scale_factor=0.5)  # all ones again, borders included
    torch.testing.assert_close(d(x)[1], d.scales[1](half), rtol=1e-5, atol=1e-6)


def test_nothing_in_d_normalises(d):
    assert not [module for module in d.modules() if "Norm" in type(module).__name__]


def test_the_weights_of_d_start_at_a_deviation_of_0_02():
    torch.manual_seed(0)
    weights = torch.cat([p.flatten() for p in PatchDiscriminator().parameters() if p.dim() == 4])
    assert weights.std().item() == pytest.approx(0.02, rel=0.01)
