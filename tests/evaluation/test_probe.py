import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import linear_model

from dgnet_lite.data.factors import APPEARANCE, IDENTITY
from dgnet_lite.evaluation.probe import (
    Factor,
    Ridge,
    draw_probe_set,
    known_factors,
    probe_table,
    read_out,
    skill,
)


@pytest.fixture(scope="module")
def probe_set(smoke_data):
    return draw_probe_set(smoke_data.world, 12, seed=3)


def random_codes(n: int = 60, d: int = 5) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(0))


FOLD = torch.arange(60) % 5


def test_a_person_wears_the_same_and_moves_between_two_pictures(probe_set):
    people = probe_set.factors.groupby(probe_set.person.numpy())
    assert (people[[*APPEARANCE, *IDENTITY]].nunique() == 1).all(axis=None)
    assert (people["yaw"].nunique() == 2).all()


def test_two_people_of_a_probe_set_do_not_share_an_outfit(probe_set):
    assert len(probe_set.factors.drop_duplicates(list(APPEARANCE))) == 12


def test_nobody_of_a_probe_set_is_in_the_world(smoke_data, probe_set):
    there = set(smoke_data.world.factors[list(IDENTITY)].astype(str).agg(" ".join, axis=1))
    assert not there & set(probe_set.factors[list(IDENTITY)].astype(str).agg(" ".join, axis=1))


def test_a_probe_set_is_the_same_every_time(smoke_data, probe_set):
    again = draw_probe_set(smoke_data.world, 12, seed=3)
    np.testing.assert_array_equal(again.images, probe_set.images)


def test_hue_and_brightness_add_up_to_the_colour(probe_set):
    found = {factor.name: factor for factor in known_factors(probe_set.factors)}
    rgb = found["upper: hue"].targets + found["upper: brightness"].targets
    red = torch.tensor([196, 42, 46]) / 255
    is_red = torch.tensor((probe_set.factors["upper"] == "red").to_numpy())
    rows = pd.DataFrame({**probe_set.factors.to_dict("list"), "upper": "red"})
    only_red = {factor.name: factor for factor in known_factors(rows)}
    torch.testing.assert_close((only_red["upper: hue"].targets + only_red["upper: brightness"].targets)[0], red)
    torch.testing.assert_close(rgb[is_red], red.expand(int(is_red.sum()), 3))


def test_a_hue_holds_no_brightness(probe_set):
    hue = next(factor for factor in known_factors(probe_set.factors) if factor.name == "upper: hue").targets
    torch.testing.assert_close(hue.mean(dim=1), torch.zeros(len(hue)))


def test_ridge_says_what_scikit_learn_says():
    z, train = random_codes(), FOLD != 0
    targets = torch.randn(60, 2, generator=torch.Generator().manual_seed(1)) + 3
    ridge = Ridge(z @ z.T, train)
    other = linear_model.Ridge(alpha=0.7 * ridge.v).fit(z[train].double(), targets[train].double())
    np.testing.assert_allclose(ridge.predict(~train, targets, 0.7), other.predict(z[~train].double()), atol=1e-4)


def test_the_unit_of_the_strength_is_the_mean_squared_length_of_a_centred_code():
    z, train = random_codes() + 5, FOLD != 0
    centred = z[train] - z[train].mean(dim=0)
    assert Ridge(z @ z.T, train).v == pytest.approx(centred.square().sum(dim=1).mean().item(), rel=1e-3)


def test_what_is_in_the_code_is_read_from_it():
    z = random_codes()
    factor = Factor("sum", "structure", z.sum(dim=1, keepdim=True))
    assert skill(read_out(z, [factor], FOLD)[0], factor.targets, FOLD).min() > 0.98


def test_noise_has_no_skill():
    noise = Factor("noise", "structure", torch.randn(60, 1, generator=torch.Generator().manual_seed(2)))
    assert skill(read_out(random_codes(), [noise], FOLD)[0], noise.targets, FOLD).mean() < 0.2


def test_a_fold_is_read_without_its_own_targets():
    z = random_codes()
    factor = Factor("sum", "structure", z.sum(dim=1, keepdim=True))
    changed = torch.where((FOLD == 2)[:, None], factor.targets + 100, factor.targets)
    said = [read_out(z, [Factor("", "", t)], FOLD)[0] for t in (factor.targets, changed)]
    torch.testing.assert_close(said[0][FOLD == 2], said[1][FOLD == 2])


def test_the_mean_of_the_other_folds_has_skill_zero():
    targets = torch.arange(4.0)[:, None]
    fold = torch.tensor([0, 0, 1, 1])
    said = torch.tensor([[2.5], [2.5], [0.5], [0.5]])
    assert skill(said, targets, fold).tolist() == [0, 0]


def test_skill_of_classes_is_what_is_gained_over_the_most_frequent_of_the_other_folds():
    one_hot, fold = torch.eye(2)[[0, 0, 0, 1, 0, 1, 1, 1]], torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    said = torch.eye(2)[[0, 0, 0, 0, 0, 0, 1, 1]]
    # fold 0: 3/4 right, class 1 is usual elsewhere and right 1/4; fold 1: 3/4, and class 0 right 1/4
    torch.testing.assert_close(skill(said, one_hot, fold, classes=True), torch.tensor([2 / 3, 2 / 3]))


def test_a_table_has_a_row_for_each_code_and_factor(probe_set):
    factors, fold = known_factors(probe_set.factors), probe_set.person % 3
    table = probe_table({"a": random_codes(24), "s": random_codes(24)}, factors, fold)
    assert len(table) == 2 * len(factors)
    assert set(table["half"]) == {"appearance", "structure"}
