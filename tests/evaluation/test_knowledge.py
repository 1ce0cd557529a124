from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from dgnet_lite.config import Config
from dgnet_lite.data.batches import normalise
from dgnet_lite.dgnet import DGNet
from dgnet_lite.evaluation import knowledge as room
from dgnet_lite.evaluation.embed import embed
from dgnet_lite.evaluation.probe import draw_probe_set, known_factors, probe_table
from dgnet_lite.trained import Found


@pytest.fixture(scope="module")
def model() -> Found:
    torch.manual_seed(0)
    config = Config.preset("official", "smoke")
    return Found(DGNet(config.networks, 16).eval(), config, "untrained")


@pytest.fixture(scope="module")
def probes(smoke_data):
    return draw_probe_set(smoke_data.world, 12, seed=1)


@pytest.fixture(scope="module")
def codes(model, probes):
    return room.codes_of(model, probes, known_factors(probes.factors))


def test_there_is_a_code_for_each_name_and_picture(codes):
    assert set(codes) == set(room.CODES)
    assert {len(code) for code in codes.values()} == {24}


def test_the_features_are_those_of_retrieval_and_the_codes_those_of_the_generator(model, probes, codes):
    f_prim, f_fine = embed(model.model.E_a, probes.images)
    x = normalise(torch.from_numpy(probes.images))
    torch.testing.assert_close(codes["f_prim"], f_prim)
    torch.testing.assert_close(codes["f_fine"], f_fine)
    with torch.no_grad():
        torch.testing.assert_close(codes["a"], model.model.encode_appearance(x).flatten(1))
        torch.testing.assert_close(codes["s"], model.model.encode_structure(x).flatten(1))


def test_chance_has_the_codes_of_other_people_each_once(codes):
    rows = [(codes["a"] == code).all(dim=1).nonzero()[0].item() for code in codes["chance"]]
    assert sorted(rows) == list(range(24))
    assert all(row // 2 != k // 2 for k, row in enumerate(rows))


def test_the_ceiling_reads_every_factor_and_chance_none(model, smoke_data):
    table = room.knowledge(model, smoke_data.world, people=80, sets=2, codes=("chance", "ceiling"), progress=False)
    mean = table.groupby("code")["skill"].mean()
    assert mean["ceiling"] > 0.9
    assert abs(mean["chance"]) < 0.1
    assert (table["sets"] == 2).all()
    assert table["error"].notna().all()


def test_spread_is_over_probe_sets(model, smoke_data):
    skills = []
    for seed in range(2):
        probes = draw_probe_set(smoke_data.world, 10, seed=seed)
        factors = known_factors(probes.factors)
        code = room.codes_of(model, probes, factors, seed)["a"]
        skills.append(probe_table({"a": code}, factors, probes.person % 5).set_index("factor").loc["stature", "skill"])
    table = room.knowledge(model, smoke_data.world, people=10, sets=2, codes=("a",), progress=False)
    row = table.set_index("factor").loc["stature"]
    assert row["skill"] == pytest.approx(sum(skills) / 2)
    assert row["error"] == pytest.approx(abs(skills[0] - skills[1]) / 2**0.5)


def test_an_unknown_code_is_named(model, smoke_data):
    with pytest.raises(ValueError, match="no code 'f_both'; there are: chance, pixels"):
        room.knowledge(model, smoke_data.world, codes=("a", "f_both"))


def test_the_command_writes_the_table(monkeypatch, model, smoke_data_root, tmp_path, capsys):
    monkeypatch.setattr(room, "find_models", lambda run: model)
    out = tmp_path / "codes.json"
    room.main(["--data", str(smoke_data_root), "--people", "6", "--sets", "1", "--out", str(out)])
    kept = json.loads(out.read_text())
    assert kept["people"] == 6
    assert {line["code"] for line in kept["table"]} == set(room.CODES)
    assert "stature" in capsys.readouterr().out


def test_real_photos_have_no_known_factors(monkeypatch, model, smoke_data, capsys):
    monkeypatch.setattr(room, "find_models", lambda run: model)
    monkeypatch.setattr(room, "load_data", lambda *_, **__: dataclasses.replace(smoke_data, world=None))
    with pytest.raises(SystemExit):
        room.main([])
    assert "no known factors" in capsys.readouterr().err
