"""The study: every row once, what is done is not done again, and the sums of the table."""

import functools
import json
import math

import numpy as np
import pandas as pd
import pytest
import torch

from dgnet_lite import study as module
from dgnet_lite.config import Config
from dgnet_lite.data.batches import denormalise, normalise
from dgnet_lite.rows import ROWS, gains, table
from dgnet_lite.study import CONTROLS, Study, add, generate, true_compositions, write_json
from dgnet_lite.training.step import DGNetTask
from dgnet_lite.training.teacher import ControlTask, TeacherTask


@pytest.fixture(scope="module", autouse=True)
def few_compositions():
    """The oracle's true swaps, fewer of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "true_compositions", functools.partial(true_compositions, count=32))
        yield


@pytest.fixture(scope="module")
def new_study(smoke_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")

    def new(**overrides):
        config = Config.preset("paper", "smoke", **overrides)
        return Study(config, smoke_data, folder, tensorboard=False, progress=False)

    return new


@pytest.fixture(scope="module")
def results(new_study):
    return new_study().run()


@pytest.fixture(scope="module")
def model(new_study, results):
    study = new_study()
    return study.dgnet(study.teacher())


# A study


def test_a_study_measures_every_row_of_the_table(results):
    assert set(results) == {*ROWS, "swaps", "labels"} - {"offline", "recoloured"}


@pytest.mark.parametrize("row", [row for row in ROWS if row not in ("offline", "recoloured")])
def test_a_row_holds_fractions(results, row):
    assert all(0 <= results[row][key] <= 1 for key in ("rank1", "rank5", "rank10", "mAP"))


def test_the_teachers_labels_of_generated_and_true_swaps_are_probabilities(results):
    assert set(results["labels"]) == {"generated_i", "generated_j", "true_i", "true_j"}
    assert all(0 <= share <= 1 for share in results["labels"].values())


def test_swaps_are_measured_beside_the_copy(results):
    assert {"psnr", "ssim", "clothes_l1", "copy_psnr", "copy_ssim", "copy_clothes_l1"} <= set(results["swaps"])


def test_a_second_run_trains_nothing_and_says_the_same(new_study, results, monkeypatch):
    def no_update(self, step):
        raise AssertionError(f"{self.name} was trained at step {step}")

    for task in (TeacherTask, DGNetTask, ControlTask):
        monkeypatch.setattr(task, "update", no_update)
    assert new_study().run() == results


def test_a_result_of_other_settings_is_measured_again(new_study, results):
    again = new_study(beta=0.25)
    assert again.result("teacher", lambda: {"rank1": -1.0}) == {"rank1": -1.0}
    new_study().result("teacher", lambda: results["teacher"])  # put it back for the other tests


def test_a_result_of_before_a_setting_was_added_is_kept(new_study, results):
    path = new_study().folder / "results" / "teacher.json"
    kept = json.loads(path.read_text())
    del kept["settings"]["losses"]["teacher_label"]
    path.write_text(json.dumps(kept))
    assert new_study().result("teacher", lambda: {"rank1": -1.0}) == results["teacher"]


def test_the_seconds_of_each_training_are_kept(new_study, results):
    folders = {path.parent.name: json.loads(path.read_text()) for path in new_study().folder.glob("*/time.json")}
    assert set(folders) == {"teacher", "dgnet", *CONTROLS}
    assert all(kept["steps"] == 12 and kept["seconds"] > 0 for kept in folders.values())


def test_dg_net_and_its_controls_start_from_the_same_weights(new_study, results, equal_weights):
    study = new_study()
    teacher = study.teacher()
    assert equal_weights(study._new_dgnet(teacher).E_a, study._new_dgnet(teacher).E_a)


def test_e_a_starts_from_the_teacher_if_asked(new_study, results, equal_weights):
    study = new_study()
    teacher = study.teacher()
    assert equal_weights(study._new_dgnet(teacher).E_a.backbone, teacher.backbone)


@pytest.fixture(scope="module")
def equal_weights():
    def equal(a, b):
        mine, theirs = a.state_dict(), b.state_dict()
        return mine.keys() == theirs.keys() and all(torch.equal(mine[k], theirs[k]) for k in mine)

    return equal


def test_without_true_swaps_there_is_neither_oracle_nor_swap_score(smoke_data, tmp_path):
    import dataclasses

    data = dataclasses.replace(smoke_data, world=None)
    config = Config.preset("paper", "smoke", **{"optim.steps": 1, "optim.teacher_steps": 1})
    found = Study(config, data, tmp_path, tensorboard=False, progress=False).run(controls=("oracle",))
    assert set(found) == {"teacher", "f_prim", "f_fine", "both"}


# Swaps


def test_generate_is_the_models_swap_in_batches(model, smoke_data):
    x_i, x_j = smoke_data.query[:5], smoke_data.query[5:10]
    with torch.no_grad():
        pair = [normalise(torch.from_numpy(x)) for x in (x_i, x_j)]
        expected = denormalise(model.eval().swap(*pair)).numpy().astype(int)
    assert np.abs(generate(model, x_i, x_j, batch_size=2) - expected).max() <= 1  # rounding may fall either way


def test_generate_leaves_the_model_in_training_mode(model, smoke_data):
    model.train()
    generate(model, smoke_data.query[:1], smoke_data.query[1:2])
    assert model.training


# The oracle's true compositions


@pytest.fixture(scope="module")
def compositions(smoke_data):
    return true_compositions(smoke_data, Config.preset("paper", "smoke"), count=40)


def test_a_composition_is_of_two_identities(compositions):
    assert (compositions.y_i != compositions.y_j).all()


def test_there_are_as_many_compositions_as_asked_for(compositions):
    assert compositions.images.shape == (40, 64, 32, 3)


def test_the_labels_of_a_composition_are_of_whoever_gave_clothes_and_body(compositions, smoke_data, monkeypatch):
    asked = []
    original = type(smoke_data.world).render_many

    def watched(self, pairs, **kwargs):
        asked.extend(pairs)
        return original(self, pairs, **kwargs)

    monkeypatch.setattr(type(smoke_data.world), "render_many", watched)
    again = true_compositions(smoke_data, Config.preset("paper", "smoke"), count=6)
    ids = np.unique(smoke_data.index.train.ids)
    factors = smoke_data.world.factors
    assert [factors.loc[clothes, "id"] for clothes, _ in asked] == ids[again.y_i].tolist()
    assert [factors.loc[body, "id"] for _, body in asked] == ids[again.y_j].tolist()


# Tables, worked out by hand

MADE_UP = [
    {
        "teacher": {"rank1": 0.50, "mAP": 0.40},
        "one_head": {"rank1": 0.6, "mAP": 0.50},
        "both": {"rank1": 0.8, "mAP": 0.60},
    },
    {
        "teacher": {"rank1": 0.70, "mAP": 0.44},
        "one_head": {"rank1": 0.6, "mAP": 0.58},
        "both": {"rank1": 0.9, "mAP": 0.64},
    },
]


def test_the_table_has_means_in_percent():
    assert table(MADE_UP)["mAP"].round(6).to_dict() == {"teacher": 42.0, "one_head": 54.0, "both": 62.0}


def test_the_table_has_the_spread_over_seeds():
    spread = table(MADE_UP).loc["teacher", "Rank@1 sd"]
    assert spread == pytest.approx(10 * math.sqrt(2))  # 50 and 70: deviations of 10, n - 1 = 1


def test_the_rows_of_the_table_are_in_the_order_of_the_paper():
    assert list(table([{name: {"rank1": 0.5, "mAP": 0.5} for name in reversed(ROWS)}]).index) == list(ROWS)


def test_one_seed_has_no_spread():
    assert math.isnan(table(MADE_UP[:1]).loc["both", "mAP sd"])


def test_a_row_counts_the_seeds_that_have_it():
    some = [MADE_UP[0], {"teacher": MADE_UP[1]["teacher"]}]
    assert table(some)["seeds"].to_dict() == {"teacher": 2, "one_head": 1, "both": 1}


def test_gains_are_taken_seed_by_seed():
    found = gains(MADE_UP)  # over one_head: 10 and 6 points
    assert found.loc["one_head"].drop("seeds").to_dict() == pytest.approx(
        {"mAP gain": 8.0, "sd": 2 * math.sqrt(2), "smallest": 6.0}
    )


def test_a_gain_is_over_what_was_measured():
    assert list(gains(MADE_UP).index) == ["teacher", "one_head"]


@pytest.mark.parametrize("make", [table, gains])
def test_no_results_make_an_empty_table(make):
    assert isinstance(make([]), pd.DataFrame)
    assert len(make([])) == 0


def test_results_of_two_folders_join_in_one_file(tmp_path):
    def made(name, steps=10, device="cpu", **seeds):
        path = tmp_path / name
        each = {"copy": {"what": "x", "seeds": {k.removeprefix("s"): row for k, row in seeds.items()}}}
        write_json(path, {"steps": steps, "devices": [device], "conditions": each})
        return path

    path = made("all.json", s1={"both": 1, "teacher": 1})
    add(made("here.json", device="a card", s0={"both": 0}, s1={"both": 2}), path, "conditions")
    kept = json.loads(path.read_text())
    assert kept["devices"] == ["a card", "cpu"]
    seeds = kept["conditions"]["copy"]["seeds"]
    assert list(seeds.items()) == [("0", {"both": 0}), ("1", {"both": 2, "teacher": 1})]
    before = path.read_bytes()
    with pytest.raises(ValueError, match="holds the steps 10, not 20"):
        add(made("longer.json", steps=20, s2={"both": 3}), path, "conditions")
    assert path.read_bytes() == before
    add(tmp_path / "here.json", tmp_path / "new.json", "conditions")
    assert json.loads((tmp_path / "new.json").read_text()) == json.loads((tmp_path / "here.json").read_text())
