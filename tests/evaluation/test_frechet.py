"""Distances between sets of features: closed forms, a plain restatement, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from dgnet_lite.evaluation.frechet import frechet_distance, kernel_distance


def gaussian(mean, covariance, n=400, seed=0):
    """n numbers whose sample mean and covariance (n - 1) are just these, up to rounding."""
    x = np.random.default_rng(seed).normal(size=(n, len(mean)))
    x -= x.mean(axis=0)
    white = np.linalg.solve(np.linalg.cholesky(np.cov(x.T)), x.T).T
    return torch.from_numpy(white @ np.linalg.cholesky(covariance).T + np.asarray(mean))


def random_covariance(size, seed):
    a = np.random.default_rng(seed).normal(size=(size, size))
    return a @ a.T + 0.1 * np.eye(size)


def test_along_the_axes_it_is_the_sum_of_squared_differences_of_means_and_of_deviations():
    real = gaussian([0, 0], np.diag([4.0, 9.0]))
    fake = gaussian([1, -2], np.diag([1.0, 16.0]), seed=1)
    assert frechet_distance(real, fake) == pytest.approx((1 + 4) + (2 - 1) ** 2 + (3 - 4) ** 2, abs=1e-3)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_covariances_with_other_axes_agree_with_the_matrix_root(seed):
    s, t = random_covariance(6, seed), random_covariance(6, seed + 10)
    mean = np.random.default_rng(seed).normal(size=(2, 6))
    root = sqrtm(s)
    cross = sqrtm(root @ t @ root).real
    expected = ((mean[0] - mean[1]) ** 2).sum() + np.trace(s + t - 2 * cross)
    got = frechet_distance(gaussian(mean[0], s), gaussian(mean[1], t, n=300, seed=5))
    assert got == pytest.approx(expected, abs=1e-3)


def test_a_set_is_at_distance_0_from_itself():
    x = gaussian(np.zeros(5), random_covariance(5, 3))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)


def test_far_from_the_origin_no_digits_are_lost():
    x, y = gaussian([0, 0], np.eye(2)), gaussian([3, 0], np.eye(2), seed=1)
    assert frechet_distance(x + 1e8, y + 1e8) == pytest.approx(9, abs=1e-3)


def test_two_halves_of_one_distribution_are_the_farther_the_smaller_they_are():
    x = torch.randn(2000, 8, generator=torch.Generator().manual_seed(0))
    distances = [frechet_distance(x[:n], x[1000 : 1000 + n]) for n in (20, 100, 1000)]
    assert distances[0] > 2 * distances[1] > 4 * distances[2] > 0


def test_fewer_images_than_numbers_are_refused_and_the_need_is_named():
    with pytest.raises(ValueError, match=r"in 8 numbers needs at least 8 images a set; fake has 7: take more images"):
        frechet_distance(torch.randn(20, 8), torch.randn(7, 8))


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_features_of_two_extractors_are_refused(distance):
    with pytest.raises(ValueError, match="real has 4 numbers an image and fake 5"):
        distance(torch.randn(20, 4), torch.randn(20, 5))


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_a_feature_that_is_no_number_is_refused(distance):
    fake = torch.randn(20, 4)
    fake[3, 2] = torch.nan
    with pytest.raises(ValueError, match="a feature of fake is not finite"):
        distance(torch.randn(20, 4), fake)


def test_the_kernel_distance_is_the_unbiased_mean_over_pairs():
    r = np.random.default_rng(0)
    x, y = r.normal(size=(7, 3)), r.normal(size=(7, 3)) + 0.5

    def k(a, b):
        return (a @ b / 3 + 1) ** 3

    n = range(7)
    within = sum(k(x[a], x[b]) + k(y[a], y[b]) for a in n for b in n if a != b) / (7 * 6)
    across = sum(k(x[a], y[b]) for a in n for b in n) / 49
    got = kernel_distance(torch.from_numpy(x), torch.from_numpy(y), subsets=3)
    assert got.mean == pytest.approx(within - 2 * across, rel=1e-9)
    assert got.sd == pytest.approx(0, abs=1e-9)  # each subset is the whole set


def test_of_one_distribution_the_kernel_distance_is_0_on_average_with_few_and_with_many():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2000, 8, generator=generator), torch.randn(2000, 8, generator=generator)
    for size in (20, 200):
        mean, sd = kernel_distance(x, y, subsets=200, subset_size=size)
        assert abs(mean) < 4 * sd / 200**0.5


def test_the_same_seed_draws_the_same_subsets_and_leaves_chance_alone():
    x, y = torch.randn(50, 4), torch.randn(40, 4)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = kernel_distance(x, y, subsets=4, subset_size=10, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    assert kernel_distance(x, y, subsets=4, subset_size=10, seed=1) == first
    assert kernel_distance(x, y, subsets=4, subset_size=10, seed=2) != first


def test_one_image_has_no_kernel_distance():
    with pytest.raises(ValueError, match="needs at least 2 images a set"):
        kernel_distance(torch.randn(1, 4), torch.randn(20, 4))
