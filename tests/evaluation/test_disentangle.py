import math

import numpy as np
import pytest

from dgnet_lite.evaluation.disentangle import clothes_l1, sample_swap_pairs, swap_scores


def flat(*values: int) -> np.ndarray:
    """One picture per value, all of that value, (N, 64, 32, 3)."""
    return np.tile(np.array(values, dtype=np.uint8)[:, None, None, None], (1, 64, 32, 3))


def upper_half(n: int) -> np.ndarray:
    clothes = np.zeros((n, 64, 32), dtype=bool)
    clothes[:, :32] = True
    return clothes


def test_a_constant_error_inside_the_clothes_is_its_share_of_the_range():
    scores = swap_scores(flat(100), flat(151), flat(202), upper_half(1))
    assert scores["clothes_l1"] == pytest.approx(0.2)


def test_errors_outside_the_clothes_do_not_count_inside():
    generated = flat(100)
    generated[:, 32:] = 255
    assert clothes_l1(generated, flat(100), upper_half(1)).item() == 0


def test_clothes_are_averaged_per_image_first():
    clothes = upper_half(2)
    clothes[1] = False
    clothes[1, 0, 0] = True  # one pixel weighs as much as the other image's half
    scores = swap_scores(flat(100, 100), flat(100, 151), flat(0, 0), clothes)
    assert scores["clothes_l1"] == pytest.approx(0.1)


def test_an_image_without_visible_clothes_does_not_count():
    clothes = upper_half(2)
    clothes[1] = False
    scores = swap_scores(flat(100, 0), flat(151, 255), flat(0, 0), clothes)
    assert scores["clothes_l1"] == pytest.approx(0.2)


def test_the_ratio_is_the_error_over_that_of_the_copy():
    scores = swap_scores(flat(110), flat(100), flat(140), upper_half(1))
    assert scores["clothes_l1_ratio"] == pytest.approx(0.25)


def test_copying_scores_a_ratio_of_one():
    scores = swap_scores(flat(140), flat(100), flat(140), upper_half(1))
    assert scores["clothes_l1_ratio"] == 1


def test_clothes_that_the_swap_does_not_change_do_not_count_as_changed():
    true, copied = flat(100), flat(100)
    copied[:, :16] = 200  # of the clothes, the upper half, the first 16 rows change
    generated = flat(100)
    generated[:, :16] = 151
    scores = swap_scores(generated, true, copied, upper_half(1))
    assert scores["changed_l1"] == pytest.approx(0.2)
    assert scores["clothes_l1"] == pytest.approx(0.1)
    assert scores["changed_l1_ratio"] == pytest.approx(51 / 100)


@pytest.mark.parametrize(("difference", "counts"), [(30, False), (31, True)])
def test_a_change_counts_from_thirty_one_grey_levels_in_one_channel(difference, counts):
    true, copied = flat(100), flat(100)
    copied[:, 0, 0, 1] += difference
    assert math.isnan(swap_scores(flat(90), true, copied, upper_half(1))["changed_l1"]) is not counts


def test_the_ratio_against_a_perfect_copy_is_nan():
    assert math.isnan(swap_scores(flat(110), flat(100), flat(100), upper_half(1))["clothes_l1_ratio"])


def test_the_copy_is_scored_as_a_swap_would_be():
    true, copied = flat(100, 120), flat(140, 90)
    as_copy = swap_scores(flat(0, 0), true, copied, upper_half(2))
    as_swap = swap_scores(copied, true, flat(0, 0), upper_half(2))
    for name in ("psnr", "ssim", "clothes_l1"):
        assert as_copy[f"copy_{name}"] == as_swap[name]


def test_psnr_is_the_mean_over_images():
    scores = swap_scores(flat(1, 10), flat(0, 0), flat(5, 5), upper_half(2))
    assert scores["psnr"] == pytest.approx((20 * math.log10(255) + 20 * math.log10(25.5)) / 2, abs=1e-4)


def test_scores_are_plain_numbers():
    scores = swap_scores(flat(110), flat(100), flat(140), upper_half(1))
    assert {type(value) for value in scores.values()} == {float}


def test_masks_without_any_clothes_are_an_error():
    with pytest.raises(ValueError, match="no pixel is clothes in any image"):
        clothes_l1(flat(1), flat(2), np.zeros((1, 64, 32), dtype=bool))


@pytest.mark.parametrize("clothes", [np.ones((1, 32, 16), dtype=bool), np.ones((1, 64, 32), dtype=np.uint8)])
def test_masks_that_do_not_fit_the_images_are_an_error(clothes):
    with pytest.raises(ValueError, match=r"clothes \(N, H, W\) bool, of one height"):
        clothes_l1(flat(1), flat(2), clothes)


# Pairs to swap

IDS = np.array([3, 0, 3, 5, -1, 9, 5, 3, 0])


def test_pairs_are_of_two_persons():
    i, j = sample_swap_pairs(IDS, 500, seed=0)
    assert (IDS[i] != IDS[j]).all()


def test_distractors_and_junk_are_never_drawn():
    i, j = sample_swap_pairs(IDS, 500, seed=0)
    assert (IDS[np.concatenate([i, j])] > 0).all()


def test_every_pair_of_two_persons_can_be_drawn():
    i, j = sample_swap_pairs(IDS, 2000, seed=0)
    possible = {(a, b) for a in range(9) for b in range(9) if IDS[a] > 0 and IDS[b] > 0 and IDS[a] != IDS[b]}
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == possible


def test_the_same_seed_draws_the_same_pairs():
    np.testing.assert_array_equal(sample_swap_pairs(IDS, 20, seed=7), sample_swap_pairs(IDS, 20, seed=7))


def test_a_generator_is_drawn_from_and_moves_on():
    generator = np.random.default_rng(7)
    first, second = (np.stack(sample_swap_pairs(IDS, 20, generator)) for _ in range(2))
    np.testing.assert_array_equal(first, sample_swap_pairs(IDS, 20, seed=7))
    assert (first != second).any()


@pytest.mark.parametrize("ids", [[4, 4, 4], [0, -1, 4], []])
def test_fewer_than_two_persons_are_an_error(ids):
    with pytest.raises(ValueError, match="at least two identities"):
        sample_swap_pairs(np.array(ids, dtype=np.int64), 3, seed=0)
