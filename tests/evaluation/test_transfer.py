from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from dgnet_lite.config import Config
from dgnet_lite.data.factors import APPEARANCE
from dgnet_lite.data.toymarket import PRESETS, ToyMarket
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.evaluation import transfer
from dgnet_lite.evaluation.embed import combine, embed
from dgnet_lite.evaluation.retrieval import evaluate
from dgnet_lite.study import Study
from dgnet_lite.training import checkpoint

GAIN = "both - f_prim"
DRAW = {"scale": "smoke", "height": 64, "draw": 3}


@pytest.fixture(scope="module")
def models() -> transfer.Models:
    torch.manual_seed(0)
    config = Config.preset("official", "smoke")
    teacher, model = build_teacher(config.networks, 16).eval(), DGNet(config.networks, 16).eval()
    return transfer.Models(teacher, model.E_a, config, "untrained")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("variants")


def world_of(root, name) -> ToyMarket:
    return ToyMarket.load(transfer.draw_variant(root, name, **DRAW))


def test_the_first_variant_is_the_training_world_itself(root, smoke_data):
    assert world_of(root, "as trained").factors.equals(smoke_data.world.factors)


def test_a_style_keeps_people_poses_and_places(root, smoke_data):
    styled, own = world_of(root, "strong colour cast"), smoke_data.world
    assert styled.factors.drop(columns="camera").equals(own.factors.drop(columns="camera"))
    assert styled.cameras[0]["cast"] != own.cameras[0]["cast"]
    assert styled.cameras[0]["yaw"] == own.cameras[0]["yaw"]


def test_other_cameras_see_the_same_people(root, smoke_data):
    other, own = world_of(root, "other cameras 1"), smoke_data.world
    worn = list(APPEARANCE)
    assert (other.factors[worn].to_numpy() == own.factors[worn].to_numpy()).all()
    assert other.cameras != own.cameras


def test_other_people_are_seen_by_the_same_cameras(root, smoke_data):
    other, own = world_of(root, "other people 1"), smoke_data.world
    assert other.cameras == own.cameras
    outfits = (set(world.factors[list(APPEARANCE)].astype(str).agg(" ".join, axis=1)) for world in (other, own))
    assert not set.intersection(*outfits)


def test_the_market_of_few_people_has_variants_of_its_own(root):
    few = ToyMarket.load(transfer.draw_variant(root, "as trained", dataset="toymarket-few", **DRAW))
    trained = few.factors.loc[few.factors.index.str.startswith("bounding_box_train"), "id"]
    assert trained.nunique() == PRESETS["smoke"].train_ids // 2


def test_an_unknown_variant_is_named(root):
    with pytest.raises(ValueError, match="no variant 'snow'"):
        transfer.draw_variant(root, "snow", **DRAW)


def test_every_variant_can_be_drawn_at_every_scale():
    for variant in transfer.VARIANTS.values():
        for spec in PRESETS.values():
            type(spec)(**(spec.to_dict() | dict(variant.changes)))


def test_the_scores_are_those_of_the_features(models, smoke_data):
    rows = transfer.scores(models, smoke_data, beta=0.3)
    q, g = smoke_data.index.query, smoke_data.index.gallery
    query, gallery = (combine(*embed(models.E_a, images), 0.3) for images in (smoke_data.query, smoke_data.gallery))
    by_hand = evaluate(query, q.ids, q.cameras, gallery, g.ids, g.cameras)
    assert rows["both"]["mAP"] == pytest.approx(by_hand.mAP, abs=1e-6)
    assert rows["both"]["rank1"] == pytest.approx(by_hand.rank1, abs=1e-6)
    assert set(rows) == {*transfer.ROWS, GAIN}


def test_the_gain_is_the_difference_of_both_means_within_its_interval(models, smoke_data):
    rows = transfer.scores(models, smoke_data, beta=0.5)
    gain = rows[GAIN]
    assert gain["mAP"] == pytest.approx(rows["both"]["mAP"] - rows["f_prim"]["mAP"], abs=2e-6)
    assert gain["low"] <= gain["mAP"] <= gain["high"]


def test_controls_are_trained_from_the_teacher_and_tested_beside(models, smoke_data, tmp_path):
    with_controls = transfer.train_controls(models, smoke_data, tmp_path, progress=False)
    assert tuple(with_controls.controls) == transfer.CONTROLS
    rows = transfer.scores(with_controls, smoke_data, beta=0.5)
    assert set(rows) == {*transfer.ROWS, *transfer.CONTROLS, GAIN, *(f"both - {kind}" for kind in transfer.CONTROLS)}
    query, gallery = (
        embed(with_controls.controls["one_head"], images)[0] for images in (smoke_data.query, smoke_data.gallery)
    )
    q, g = smoke_data.index.query, smoke_data.index.gallery
    by_hand = evaluate(query, q.ids, q.cameras, gallery, g.ids, g.cameras).mAP
    assert rows["one_head"]["mAP"] == pytest.approx(by_hand, abs=1e-6)
    assert rows["both - one_head"]["mAP"] == pytest.approx(rows["both"]["mAP"] - by_hand, abs=2e-6)


@pytest.fixture
def run(models, smoke_data, tmp_path):
    """A finished run's folder."""
    study = Study(models.config, smoke_data, tmp_path / "seed0", tensorboard=False, progress=False)
    study.dgnet(study.teacher())
    return tmp_path


def test_a_run_is_found_by_its_folder_or_that_of_a_seed(run):
    for place in (run, run / "seed0"):
        found = transfer.find_models(place)
        weights = checkpoint.load(run / "seed0" / "dgnet" / "last.pt")["task"]["model"]
        torch.testing.assert_close(found.E_a.state_dict()["prim.classify.weight"], weights["E_a.prim.classify.weight"])
        assert not found.teacher.training


def test_a_run_without_its_teacher_is_refused(run):
    (run / "seed0" / "teacher" / "last.pt").unlink()
    with pytest.raises(ValueError, match="no finished teacher"):
        transfer.find_models(run)


def test_without_a_run_the_shipped_models_are_found():
    found = transfer.find_models()
    assert found.config.scale == "toy"
    assert found.source.startswith("shipped")


def test_the_training_images_of_the_other_set_are_not_read(smoke_data):
    data = transfer.read_test(smoke_data.index.root, 64)
    np.testing.assert_array_equal(data.gallery, smoke_data.gallery)
    assert len(data.train) == 0 < len(data.index.train)
    assert data.world is not None


def test_msmt17_is_told_by_its_lists(tmp_path):
    lines = {"train": ["0000/0000_000_01_a.jpg 0"], "val": ["0001/0001_000_02_a.jpg 1"]}
    lines |= {"query": ["0000/0000_000_03_a.jpg 0"], "gallery": ["0000/0000_001_04_a.jpg 0"]}
    for part, listed in lines.items():
        half = "train" if part in ("train", "val") else "test"
        (tmp_path / f"list_{part}.txt").write_text("\n".join(listed) + "\n")
        for line in listed:
            path = tmp_path / half / line.split()[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (32, 64), "red").save(path)
    data = transfer.read_test(tmp_path, 64)
    assert (data.index.name, data.index.gallery.cameras.tolist(), data.world) == ("msmt17", [4], None)


def test_a_set_is_measured_under_its_name(models, smoke_data):
    table = transfer.measure(models, {"B": smoke_data.index.root}, progress=False)
    assert table["B"]["queries"] == len(smoke_data.query)
    assert table["B"]["people"] == PRESETS["smoke"].test_ids
    assert set(table["B"]["rows"]) == {*transfer.ROWS, GAIN}


def test_the_command_writes_what_it_measured(monkeypatch, models, smoke_data, tmp_path, capsys):
    monkeypatch.setattr(transfer, "find_models", lambda run: models)
    out = tmp_path / "new" / "transfer.json"
    transfer.main(["--on", str(smoke_data.index.root), "--beta", "0.2", "--out", str(out)])
    kept = json.loads(out.read_text())
    assert (kept["beta"], kept["models"]) == (0.2, "untrained, seed 0")
    assert kept["command"].startswith("python -m dgnet_lite.evaluation.transfer --on ")
    mAP = kept["sets"][str(smoke_data.index.root)]["rows"]["both"]["mAP"]
    assert f"/{100 * mAP:.1f}" in capsys.readouterr().out


def test_the_command_draws_the_variants_it_is_asked_for(monkeypatch, models, root, tmp_path):
    monkeypatch.setattr(transfer, "find_models", lambda run: models)
    out = tmp_path / "transfer.json"
    transfer.main(["--toymarket", str(root), "--variants", "as trained", "strong colour cast", "--out", str(out)])
    assert list(json.loads(out.read_text())["sets"]) == ["as trained", "strong colour cast"]


def test_a_missing_folder_ends_the_command_with_what_to_do(monkeypatch, models, tmp_path, capsys):
    monkeypatch.setattr(transfer, "find_models", lambda run: models)
    with pytest.raises(SystemExit):
        transfer.main(["--on", str(tmp_path / "nowhere")])
    assert "no folder" in capsys.readouterr().err
