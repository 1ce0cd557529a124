"""Eq. (10) over time, and the learning rates, at steps whose values are known."""

import random
from dataclasses import replace

import pytest

from dgnet_lite.config import Config, LossConfig, OptimConfig
from dgnet_lite.schedule import feedback, loss_weights, lr_factor, rise_factor

FULL = 100_000
PAPER, OFFICIAL = Config.preset("paper", "full").losses, Config.preset("official", "full").losses
ONE_WAY = replace(OFFICIAL, directions="mean")  # of the release's two; one of its four groups of real images


# Weights of the paper


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.0), (30_000, 0.0), (30_001, 0.0005), (32_000, 1.0), (34_000, 2.0), (100_000, 2.0)]
)
def test_lambda_prim_waits_30k_steps_and_rises_to_2_in_4k(step, expected):
    assert loss_weights(step, PAPER, FULL)["prim"] == pytest.approx(expected)


@pytest.mark.parametrize("step", [0, 30_000, 32_000, 34_000, 100_000])
def test_lambda_fine_is_a_fifth_of_lambda_prim(step):
    weights = loss_weights(step, PAPER, FULL)
    assert weights["fine"] == pytest.approx(0.2 * weights["prim"])


@pytest.mark.parametrize(
    ("loss", "weight"), [("img1", 5), ("img2", 5), ("code1", 1), ("code2", 1), ("id_s", 1), ("id_c", 0.5), ("adv", 1)]
)
@pytest.mark.parametrize("step", [0, 99_999])
def test_the_other_weights_of_the_paper_are_constant(step, loss, weight):
    assert loss_weights(step, PAPER, FULL)[loss] == weight


@pytest.mark.parametrize("loss", ["cycle", "fine_real"])
def test_what_the_paper_does_not_have_weighs_nothing(loss):
    assert loss_weights(FULL, PAPER, FULL)[loss] == 0


# Weights of the release


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.0), (30_000, 0.0), (31_000, 0.5), (32_000, 1.0), (34_000, 1.0), (100_000, 1.0)]
)
@pytest.mark.parametrize("loss", ["code1", "code2"])
def test_the_release_raises_the_code_weights_by_5e4_a_step_up_to_1(step, expected, loss):
    assert loss_weights(step, ONE_WAY, FULL)[loss] == pytest.approx(expected)


def test_the_code_weights_can_rise_as_long_as_lambda_prim():
    losses = LossConfig(code_from_start=False, code_ramp=1.0)
    assert loss_weights(32_000, losses, FULL)["code1"] == pytest.approx(0.5)


@pytest.mark.parametrize(("step", "expected"), [(0, 0.0), (30_000, 0.0), (32_000, 1.0), (34_000, 2.0), (100_000, 2.0)])
def test_the_release_raises_the_cycle_weight_with_lambda_prim(step, expected):
    assert loss_weights(step, ONE_WAY, FULL)["cycle"] == pytest.approx(expected)


def test_the_release_doubles_the_adversarial_weight():
    assert loss_weights(0, ONE_WAY, FULL)["adv"] == 2.0


def test_the_release_weighs_the_fine_head_on_real_images_as_on_generated_ones():
    weights = loss_weights(32_000, ONE_WAY, FULL)
    assert weights["fine_real"] == weights["fine"] == pytest.approx(0.2)


def test_the_release_sums_over_directions_and_the_paper_does_not():
    assert (OFFICIAL.directions, PAPER.directions) == ("sum", "mean")


@pytest.mark.parametrize(("positives", "groups"), [(True, 4), (False, 2)])
def test_sums_over_directions_double_all_weights_and_those_of_real_images_by_their_groups(positives, groups):
    mean = LossConfig(id_on_positives=positives, fine_on_real=True, cycle=2.0)
    total = replace(mean, directions="sum")
    before, after = loss_weights(FULL, mean, FULL), loss_weights(FULL, total, FULL)
    factors = {name: after[name] / before[name] for name in before}
    assert factors == dict.fromkeys(before, 2) | {"id_s": groups, "fine_real": groups}


# What holds for any run


def test_the_weights_do_not_depend_on_what_was_asked_before():
    steps = list(range(0, FULL, 997))
    shuffled = random.Random(0).sample(steps, len(steps))
    in_order = {step: loss_weights(step, OFFICIAL, FULL) for step in steps}
    assert {step: loss_weights(step, OFFICIAL, FULL) for step in shuffled} == in_order


def test_the_ramp_is_a_part_of_the_run_however_long_it_is():
    assert feedback(320, PAPER, 1000) == feedback(32_000, PAPER, FULL) == pytest.approx(0.5)


def test_a_ramp_of_nothing_is_a_step():
    losses = LossConfig(warm_up=0.5, ramp=0.0)
    assert [feedback(step, losses, 10) for step in (4, 5, 6, 7)] == [0, 0, 1, 1]


# Learning rates


@pytest.mark.parametrize(
    ("step", "factor"), [(0, 1.0), (59_999, 1.0), (60_000, 0.1), (89_999, 0.1), (90_000, 0.01), (99_999, 0.01)]
)
def test_the_rates_fall_tenfold_at_60k_and_90k(step, factor):
    assert lr_factor(step, OptimConfig(), FULL) == factor


def test_the_rates_fall_where_the_config_says():
    optim = OptimConfig(lr_steps=(0.2, 0.5))
    assert [lr_factor(step, optim, 10) for step in (1, 2, 4, 5)] == [1.0, 0.1, 0.1, 0.01]


def test_the_cosine_starts_where_the_config_says():
    assert lr_factor(60, OptimConfig(decay="cosine", lr_steps=(0.2, 0.9)), 100) == pytest.approx(0.5)


@pytest.mark.parametrize(("step", "factor"), [(0, 1.0), (599, 1.0), (600, 1.0), (800, 0.5), (1000, 0.02)])
def test_the_cosine_starts_at_60_percent_and_ends_at_2_percent(step, factor):
    assert lr_factor(step, OptimConfig(decay="cosine"), 1000) == pytest.approx(factor)


@pytest.mark.parametrize(("step", "factor"), [(0, 0.01), (49, 0.5), (99, 1.0), (5000, 1.0)])
def test_the_rate_rises_evenly_in_the_first_steps(step, factor):
    assert rise_factor(step, OptimConfig(lr_rise=100)) == pytest.approx(factor)


def test_without_a_rise_the_rate_is_there_from_the_first_step():
    assert rise_factor(0, OptimConfig(lr_rise=0)) == 1.0
