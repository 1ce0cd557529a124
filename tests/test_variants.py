"""Variants: what is trained, what is collected, and the table; with both recipes and their single differences."""

from __future__ import annotations

import math

import pytest

from dgnet_lite import variants
from dgnet_lite.ablation import ABLATIONS, ANSWERS, main
from dgnet_lite.presets import RECIPES
from dgnet_lite.study import write_json
from dgnet_lite.variants import collect, compare, finished, read, study


def result(mAP, ratio=0.7, **more):
    """What a study returns, as far as the table needs it."""
    row = {"rank1": mAP, "mAP": mAP}
    return {
        "teacher": row,
        "f_fine": row,
        "both": row,
        "swaps": {"clothes_l1_ratio": ratio, "psnr": 18.0},
        "labels": {"generated_i": 0.9},
    } | more


@pytest.mark.parametrize("name", ANSWERS)
def test_a_single_difference_is_an_answer_of_the_paper(name):
    base, paper = ABLATIONS["full"].config("full", 0), ABLATIONS["paper"].config("full", 0)
    changed = ABLATIONS[name].config("full", 0)
    differences = changed.differences(base)
    assert set(differences) == set(ABLATIONS[name].changes)
    assert set(differences) <= {*RECIPES["official"], *RECIPES["paper"]}
    assert not set(differences) & set(changed.differences(paper))


@pytest.mark.parametrize("name", ABLATIONS)
def test_a_variant_differs_at_the_toy_scale_too(name):
    others = [ABLATIONS[other].config("toy", 0) for other in ABLATIONS if other != name]
    assert all(ABLATIONS[name].config("toy", 0).differences(other) for other in others)


@pytest.fixture
def trained(monkeypatch):
    """Studies that train nothing; what was asked of them."""
    asked = []

    def run(self, controls, teacher):
        asked.append((self.folder.parent.name, self.config.seed, controls))
        keep(self, 0.5 + self.config.seed / 10, controls)

    monkeypatch.setattr(variants.Study, "run", run)
    monkeypatch.setattr(variants, "load_data", lambda config, root: None)
    return asked


def keep(one, mAP, controls=()):
    parts = result(mAP)
    parts = {
        "teacher": parts["teacher"],
        "dgnet": {k: parts[k] for k in ("f_fine", "both")},
        **{k: parts[k] for k in ("swaps", "labels")},
    }
    for name, part in (parts | {control: {"rank1": mAP, "mAP": mAP} for control in controls}).items():
        settings = {k: v for k, v in one.config.to_dict().items() if k != "run"}
        write_json(one.folder / "results" / f"{name}.json", {"result": part, "settings": settings})


def test_other_controls_may_be_asked_for_beside_a_row(trained, tmp_path):
    command = ["--rows", "full", "--profile", "smoke", "--out", str(tmp_path), "--controls"]
    main([*command, "offline"])
    main([*command, "offline"])
    main(command)
    assert trained == [("full", 0, ["offline"])]


def test_what_is_finished_is_not_run_again(trained, tmp_path):
    command = ["--rows", "full", "log_loss", "--profile", "smoke", "--seeds", "0", "1", "--out", str(tmp_path)]
    main(command)
    assert trained == [
        *[("full", s, ABLATIONS["full"].controls) for s in (0, 1)],
        *[("log_loss", s, ()) for s in (0, 1)],
    ]
    trained.clear()
    main(command)
    assert trained == []


def test_every_call_collects_what_stands_in_the_folder(trained, tmp_path):
    for name in ("paper", "full"):
        main(["--rows", name, "--profile", "smoke", "--out", str(tmp_path)])
    assert list(read(tmp_path / "ablation.json")) == ["full", "paper"]


def test_a_run_without_its_swaps_is_not_finished(tmp_path):
    one = study(ABLATIONS["paper"], "paper", "smoke", 0, tmp_path)
    keep(one, 0.5)
    (one.folder / "results" / "swaps.json").unlink()
    assert finished(ABLATIONS["paper"], "paper", "smoke", 0, tmp_path) is None
    assert collect(ABLATIONS, "smoke", tmp_path) == {}


def test_results_of_other_settings_are_not_collected(tmp_path):
    keep(study(ABLATIONS["paper"], "paper", "smoke", 0, tmp_path), 0.5)
    (tmp_path / "paper").rename(tmp_path / "full")
    assert collect(ABLATIONS, "smoke", tmp_path) == {}


def test_an_unknown_variant_is_refused_before_anything_is_trained(trained, capsys, tmp_path):
    with pytest.raises(SystemExit):
        main(["--rows", "paper", "judge_trainde", "--out", str(tmp_path)])
    assert "did you mean 'judge_trained'?" in capsys.readouterr().err
    assert trained == []


def test_differences_are_taken_seed_by_seed():
    table = compare({"full": {0: result(0.5), 1: result(0.6)}, "paper": {0: result(0.6), 1: result(0.62)}})
    assert table.loc["paper", "over base"] == pytest.approx(6.0)
    assert table.loc["paper", "over base sd"] == pytest.approx(8 / math.sqrt(2))
    assert table.loc["full", "mAP sd"] == pytest.approx(10 / math.sqrt(2))


def test_one_seed_is_compared_with_the_same_seed_and_has_no_spread():
    table = compare({"full": {0: result(0.5), 1: result(0.9)}, "log_loss": {1: result(0.8, 0.6)}})
    line = table.loc["log_loss"]
    assert (line["over base"], line["clothes"], line["seeds"]) == (pytest.approx(-10), 0.6, 1)
    assert math.isnan(line["over base sd"])


def test_the_fair_baseline_stands_beside_those_that_have_one():
    table = compare({"full": {0: result(0.5, one_head={"mAP": 0.4})}, "log_loss": {0: result(0.5)}})
    assert table.loc["full", "baseline"] == pytest.approx(40)
    assert math.isnan(table.loc["log_loss", "baseline"])
