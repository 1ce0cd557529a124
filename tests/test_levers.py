"""Worlds in which swaps could help: one thing changed in each, and the oracle against two heads."""

from __future__ import annotations

import pytest

from dgnet_lite import levers
from dgnet_lite.levers import WORLDS, compare, configure, finished, main


@pytest.mark.parametrize("name", [name for name in WORLDS if name != "base"])
def test_a_world_differs_from_the_base_in_one_thing(name):
    changed = configure(name, "toy", 0).differences(configure("base", "toy", 0))
    assert len(WORLDS[name].spec) + len(changed) == 1


def test_one_world_is_drawn_trained_and_collected_once(tmp_path, monkeypatch):
    small = levers.configure
    monkeypatch.setattr(
        levers, "configure", lambda *a: small(*a).replace(**{"optim.steps": 2, "optim.teacher_steps": 2})
    )
    command = ["one_hot", "--scale", "smoke", "--out", str(tmp_path / "out"), "--data-root", str(tmp_path)]
    main(command)
    results = levers.read(tmp_path / "out" / "levers.json")
    assert set(results["one_hot"][0]) == {"teacher", "two_heads", "oracle"}
    assert (tmp_path / "levers" / "base-smoke-64-3").is_dir()
    monkeypatch.setattr(levers, "measure", lambda *_, **__: pytest.fail("trained again"))
    main(command)
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        main([*command, "--learned"])


def test_dgnet_is_trained_where_it_is_asked_for(tmp_path, monkeypatch):
    small = levers.configure
    monkeypatch.setattr(
        levers, "configure", lambda *a: small(*a).replace(**{"optim.steps": 2, "optim.teacher_steps": 2})
    )
    main(["base", "--learned", "--scale", "smoke", "--out", str(tmp_path / "out"), "--data-root", str(tmp_path)])
    results = levers.read(tmp_path / "out" / "levers.json")
    assert {"f_prim", "f_fine", "both", "swaps", "two_heads", "oracle"} <= set(results["base"][0])
    line = compare(results).loc["base"]
    assert line["DG-Net's"] == pytest.approx(levers.gains(results["base"], "both")[0])
    assert line["its seeds"] == 1


def test_what_is_not_there_is_not_finished(tmp_path):
    assert finished("base", configure("base", "smoke", 0), tmp_path) is None


def test_the_gain_is_that_of_the_oracle_over_two_heads():
    def world(two_heads, oracle):
        return {"teacher": {"mAP": 0.4}, "two_heads": {"mAP": two_heads}, "oracle": {"mAP": oracle}}

    line = compare({"base": {0: world(0.5, 0.53), 1: world(0.6, 0.61)}}).loc["base"]
    assert (line["gain"], line["smallest"], line["seeds"]) == (pytest.approx(2), pytest.approx(1), 2)


def test_a_mistyped_world_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["few_image"])
    assert "did you mean 'few_images'?" in capsys.readouterr().err
