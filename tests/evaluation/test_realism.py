import math

import numpy as np
import pytest
import torch

from dgnet_lite.evaluation.realism import psnr, ssim


@pytest.fixture
def pair():
    """Smooth pictures and noisy copies of them, each noisier than the one before, (5, 64, 32, 3)."""
    r = np.random.default_rng(0)
    rows, columns = np.mgrid[0:64, 0:32]
    smooth = 128 + 60 * np.sin(rows / 9)[..., None] + 40 * np.cos(columns[..., None] / 5 + np.arange(3))
    noise = r.normal(size=(5, 64, 32, 3)) * np.array([2, 6, 12, 25, 50])[:, None, None, None]
    return (
        np.clip(smooth + noise, 0, 255).astype(np.uint8),
        np.broadcast_to(np.clip(smooth, 0, 255).astype(np.uint8), (5, 64, 32, 3)).copy(),
    )


@pytest.mark.parametrize("difference", [1, 10, 255])
def test_psnr_of_a_constant_difference_is_twenty_log_of_peak_over_difference(difference):
    black = np.zeros((2, 64, 32, 3), dtype=np.uint8)
    expected = 20 * math.log10(255 / difference)
    assert psnr(black + np.uint8(difference), black).tolist() == pytest.approx([expected, expected], abs=1e-4)


def test_psnr_of_equal_images_is_infinite(pair):
    assert psnr(pair[0], pair[0]).isinf().all()


def test_ssim_of_equal_images_is_one(pair):
    assert ssim(pair[0], pair[0]).tolist() == pytest.approx([1.0] * 5)


def test_ssim_of_constant_images_is_the_luminance_term():
    x, y = 60, 180
    c1 = (0.01 * 255) ** 2
    images, reference = (np.full((1, 64, 32, 3), value, dtype=np.uint8) for value in (x, y))
    assert ssim(images, reference).item() == pytest.approx((2 * x * y + c1) / (x**2 + y**2 + c1), abs=1e-3)


def test_ssim_equals_that_of_scikit_image(pair):
    metrics = pytest.importorskip("skimage.metrics")
    expected = [
        metrics.structural_similarity(
            x, y, data_range=255, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        for x, y in zip(*pair, strict=True)
    ]
    assert ssim(*pair).tolist() == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_each_image_has_its_own_score_and_more_noise_scores_less(measure, pair):
    scores = measure(*pair)
    assert scores.shape == (5,)
    assert (scores.diff() < 0).all()


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_many_images_score_as_each_does_alone(measure, pair):
    many = measure(*(np.tile(images, (27, 1, 1, 1)) for images in pair))
    torch.testing.assert_close(many, measure(*pair).repeat(27))


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_a_single_image_gives_one_score(measure, pair):
    assert measure(pair[0][:1], pair[1][:1]).shape == (1,)


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_images_that_are_not_bytes_are_an_error(measure, pair):
    with pytest.raises(TypeError, match=r"images must be uint8 in 0\.\.255, got torch\.float32: use denormalise"):
        measure(pair[0].astype(np.float32), pair[1])


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_images_of_two_sizes_are_an_error(measure, pair):
    with pytest.raises(ValueError, match=r"compare images of one shape.*to one height"):
        measure(pair[0], pair[1][:, :32])


def test_channels_first_is_an_error(pair):
    with pytest.raises(ValueError, match=r"images must be \(N, H, W, 3\) with N > 0, got \(5, 3, 64, 32\)"):
        psnr(pair[0].transpose(0, 3, 1, 2), pair[1])


def test_images_smaller_than_the_window_of_ssim_are_an_error():
    small = np.zeros((1, 16, 8, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"SSIM needs images of at least 11 x 11 pixels.*got 16 x 8"):
        ssim(small, small)
