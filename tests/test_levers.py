"""Worlds in which swaps could help: one thing changed in each, and the oracle against two heads."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dgnet_lite import levers
from dgnet_lite.data import toymarket
from dgnet_lite.levers import WORLDS, compare, configure, finished, main, trained_in


@pytest.mark.parametrize("name", [name for name in WORLDS if name not in ("base", "few_people_casts")])
def test_a_world_differs_from_the_base_in_one_thing(name):
    changed, world = configure(name, "toy", 0).differences(configure("base", "toy", 0)), WORLDS[name]
    assert len(world.spec) + len(world.test) + len(changed) == 1


def test_the_world_of_few_people_is_the_data_set_of_few():
    few = replace(toymarket.spec_of("toymarket", "toy"), **WORLDS["few_people"].spec)
    assert few == toymarket.spec_of("toymarket-few", "toy")


def test_one_world_joins_two_others():
    joined = WORLDS["few_people_casts"]
    assert (joined.spec, joined.test) == (WORLDS["few_people"].spec, WORLDS["strong_casts"].test)


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_that_differs_in_the_test_alone_has_the_models_of_another(name):
    assert (trained_in(name) != name) == bool(WORLDS[name].test)
    assert not WORLDS[trained_in(name)].test


def test_such_a_world_has_the_training_images_of_the_other_and_a_test_of_its_own(tmp_path):
    drawn = [levers.draw(name, configure(name, "smoke", 0), tmp_path, workers=1) for name in ("base", "strong_casts")]
    assert (drawn[0].train == drawn[1].train).all()
    assert drawn[0].index.query.paths[0].name == drawn[1].index.query.paths[0].name
    assert all((getattr(drawn[0], side) != getattr(drawn[1], side)).any() for side in ("query", "gallery"))


@pytest.fixture
def short(monkeypatch):
    """Two steps of each training."""
    usual, steps = levers.configure, {"optim.steps": 2, "optim.teacher_steps": 2}
    monkeypatch.setattr(levers, "configure", lambda *asked: usual(*asked).replace(**steps))


@pytest.mark.usefixtures("short")
def test_models_are_tested_in_another_world_without_another_training(tmp_path):
    command = ["--learned", "--scale", "smoke", "--out", str(tmp_path / "out"), "--data-root", str(tmp_path)]
    main(["base", *command])
    trained = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("last.pt")}
    main(["strong_casts", *command])
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("last.pt")} == trained
    results = levers.read(tmp_path / "out" / "levers.json")
    rows = {"teacher", "two_heads", "oracle", "f_prim", "f_fine", "both", "one_head", "recoloured"}
    assert set(results["strong_casts"][0]) == rows
    assert set(results["base"][0]) == rows | {"swaps"}


@pytest.mark.usefixtures("short")
def test_one_world_is_drawn_trained_and_collected_once(tmp_path, monkeypatch):
    command = ["one_hot", "--scale", "smoke", "--out", str(tmp_path / "out"), "--data-root", str(tmp_path)]
    main(command)
    results = levers.read(tmp_path / "out" / "levers.json")
    assert set(results["one_hot"][0]) == {"teacher", "two_heads", "oracle"}
    assert (tmp_path / "levers" / "base-smoke-64-3").is_dir()
    monkeypatch.setattr(levers, "measure", lambda *_, **__: pytest.fail("trained again"))
    main(command)
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        main([*command, "--learned"])


@pytest.mark.usefixtures("short")
def test_dgnet_is_trained_where_it_is_asked_for(tmp_path):
    main(["base", "--learned", "--scale", "smoke", "--out", str(tmp_path / "out"), "--data-root", str(tmp_path)])
    results = levers.read(tmp_path / "out" / "levers.json")
    rows = {"f_prim", "f_fine", "both", "swaps", "two_heads", "oracle", "one_head", "recoloured"}
    assert rows <= set(results["base"][0])
    line = compare(results).loc["base"]
    assert line["DG-Net"] == pytest.approx(levers.gains(results["base"], "both")[0])
    assert line["DG-Net seeds"] == 1


def test_what_is_not_there_is_not_finished(tmp_path):
    assert finished("base", configure("base", "smoke", 0), tmp_path) is None


def test_the_gain_is_that_of_the_oracle_over_two_heads():
    def world(two_heads, oracle):
        return {"teacher": {"mAP": 0.4}, "two_heads": {"mAP": two_heads}, "oracle": {"mAP": oracle}}

    line = compare({"base": {0: world(0.5, 0.53), 1: world(0.6, 0.61)}}).loc["base"]
    assert (line["true swaps"], line["true swaps sd"], line["true swaps seeds"]) == (
        pytest.approx(2),
        pytest.approx(2**0.5),
        2,
    )


def test_a_mistyped_world_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["few_image"])
    assert "did you mean 'few_images'?" in capsys.readouterr().err


def test_gains_are_shown_by_what_the_world_is():
    rows = {"teacher": 0.4, "two_heads": 0.5, "oracle": 0.53, "both": 0.51}
    found = levers.by_world({"few_people": {0: {row: {"mAP": mAP} for row, mAP in rows.items()}}})
    assert list(found) == ["50 identities"]
    assert found["50 identities"]["true swaps"] == {0: pytest.approx(3)}
    assert found["50 identities"]["DG-Net"] == {0: pytest.approx(1)}
    assert found["50 identities"]["recoloured"] == {}


def test_the_base_is_what_make_toy_has_measured(tmp_path):
    rows = {"teacher": {"mAP": 0.5}}
    text = {"worlds": {"few_people": {"seeds": {"1": rows}}, "base": {"seeds": {"0": rows, "5": rows}}}}
    (tmp_path / "levers.json").write_text(json.dumps(text))
    other = {"teacher": {"mAP": 0.6}}
    (tmp_path / "toy.json").write_text(json.dumps({"seeds": {"0": other}}))
    found = levers.read(tmp_path / "levers.json")
    assert found == {"base": {0: other, 5: rows}, "few_people": {1: rows}}
    assert list(found) == ["base", "few_people"]
