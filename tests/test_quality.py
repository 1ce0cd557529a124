"""Swaps of graded quality: what is mixed, what is measured, and how conditions are compared."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from dgnet_lite import quality
from dgnet_lite.config import Config
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.quality import CONDITIONS, Search, Swaps, collect, compare, main, pictures, retrieval_by_halves


@pytest.fixture(scope="module")
def search(smoke_data, tmp_path_factory):
    config = Config.preset("official", "smoke", **{"optim.steps": 2})
    torch.manual_seed(0)
    teacher = build_teacher(config.networks, smoke_data.num_ids).eval()
    model = DGNet(config.networks, smoke_data.num_ids).eval()
    out = tmp_path_factory.mktemp("quality")
    return Search(config, smoke_data, teacher, model, out, count=24, progress=False)


@pytest.fixture(scope="module")
def swaps(search):
    return search.swaps(0)


def test_blending_goes_from_the_generated_picture_to_the_true_one(swaps):
    np.testing.assert_array_equal(swaps.blend(0), swaps.generated)
    np.testing.assert_array_equal(swaps.blend(1), swaps.true)
    middle = (swaps.generated.astype(float) + swaps.true) / 2
    assert np.abs(swaps.blend(0.5) - middle).max() <= 0.5


def test_swaps_are_made_once(search, swaps, monkeypatch):
    monkeypatch.setattr(quality, "make_swaps", lambda *_: pytest.fail("made again"))
    again = search.swaps(0)
    np.testing.assert_array_equal(again.generated, swaps.generated)
    assert (swaps.y_i != swaps.y_j).all()


def test_the_copy_is_as_wrong_as_itself_and_the_truth_is_right(search, swaps):
    assert pictures(swaps.copied, swaps, search.teacher)["pictures"]["clothes_l1_ratio"] == pytest.approx(1)
    assert pictures(swaps.true, swaps, search.teacher)["pictures"]["clothes_l1_ratio"] == 0


def test_the_halves_share_no_person_and_hold_all_queries(search):
    encoder = search.model.E_a
    halves = retrieval_by_halves(encoder, search.data, 0.5)
    counts = {name: half["num_queries"] for name, half in halves.items()}
    assert counts["validation"] + counts["test"] == counts["both"] == len(search.data.query)
    assert min(counts.values()) > 0


def test_a_condition_is_trained_once_and_collected(search, monkeypatch):
    search.run(["two_heads", "true"], [0])
    monkeypatch.setattr(quality.Search, "_measure", lambda *_: pytest.fail("trained again"))
    search.run(["two_heads", "true"], [0])
    found = collect(search.config, search.out)
    assert {name: list(seeds) for name, seeds in found.items()} == {"two_heads": [0], "true": [0]}
    assert "pictures" in found["true"][0]
    assert "pictures" not in found["two_heads"][0]


def test_results_of_another_length_are_not_collected(search):
    search.run(["two_heads"], [0])
    assert collect(search.config.replace(**{"optim.steps": 3}), search.out) == {}


def test_gains_are_taken_seed_by_seed():
    def mAP(value):
        return {"both": {"mAP": value}}

    numbers = compare({"two_heads": {0: mAP(0.5), 1: mAP(0.6)}, "copy": {0: mAP(0.52), 1: mAP(0.6), 2: mAP(0.9)}})
    assert numbers.loc["copy", "gain"] == pytest.approx(1)
    assert numbers.loc["copy", "gain sd"] == pytest.approx(math.sqrt(2))
    assert numbers.loc["copy", "gain se"] == pytest.approx(1)
    with pytest.raises(ValueError, match="no result of 'two_heads'"):
        compare({"copy": {0: mAP(0.5)}})


@pytest.mark.parametrize(("option", "meant"), [("--groups qualty", "quality"), ("--conditions generate", "generated")])
def test_a_mistyped_name_is_refused(option, meant, capsys):
    with pytest.raises(SystemExit):
        main(option.split())
    assert f"did you mean '{meant}'" in capsys.readouterr().err


def test_every_condition_but_the_control_has_pictures():
    swaps = Swaps(*(np.zeros((1, 2, 2, 3), np.uint8) for _ in range(6)))
    assert [name for name, each in CONDITIONS.items() if each.pictures is None] == ["two_heads"]
    assert all(each.pictures(swaps).dtype == np.uint8 for each in CONDITIONS.values() if each.pictures)
