"""The rows of the ablation: what each changes, whose teacher it has, and what a command refuses."""

from __future__ import annotations

import pytest

from dgnet_lite import ablation, variants
from dgnet_lite.ablation import ABLATIONS, main
from dgnet_lite.study import write_json

FULL = ABLATIONS["full"]


def keep(name: str, mAP: float, out, seed: int = 0) -> None:
    """Results as `Study.result` keeps them."""
    variant, row = ABLATIONS[name], {"rank1": mAP, "mAP": mAP}
    one = variants.study(variant, name, "smoke", seed, out)
    parts = {
        "teacher": row,
        "dgnet": {"f_prim": row, "f_fine": row, "both": row},
        "swaps": {"clothes_l1_ratio": 0.7, "psnr": 18.0},
        "labels": {"generated_i": 0.9},
        **dict.fromkeys(variant.controls, row),
    }
    settings = {k: v for k, v in one.config.to_dict().items() if k != "run"}
    for part, result in parts.items():
        write_json(one.folder / "results" / f"{part}.json", {"result": result, "settings": settings, "device": "cpu"})


@pytest.mark.parametrize("name", [name for name, each in ABLATIONS.items() if each.changes])
def test_a_row_changes_what_it_says_and_nothing_else(name):
    different = ABLATIONS[name].config("toy", 0).differences(FULL.config("toy", 0))
    assert set(different) == set(ABLATIONS[name].changes)


def test_rows_that_change_losses_alone_have_the_teacher_of_full(tmp_path):
    for name, owner in (("without_id", "full"), ("alpha_1", "full"), ("paper", "paper"), ("full", "full")):
        one = variants.study(ABLATIONS[name], name, "smoke", 3, tmp_path)
        teacher = variants.teacher_of(ABLATIONS, name, "full", one, tmp_path)
        assert teacher.__self__.folder == tmp_path / owner / "seed3"


def test_what_is_finished_is_collected_and_not_trained_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(variants, "load_data", lambda *_: pytest.fail("something is trained"))
    keep("full", 0.5, tmp_path)
    keep("without_id", 0.6, tmp_path)
    main(["--rows", "full", "without_id", "--profile", "smoke", "--out", str(tmp_path)])
    full, others = ablation.tables(variants.read(tmp_path / "ablation.json"))
    assert full.loc["both", "paper: mAP"] == 86.0
    assert others.loc["without_id", "over base"] == pytest.approx(10)
    assert "without_id" in capsys.readouterr().out


def test_a_mistyped_row_is_refused_before_anything_is_trained(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--rows", "without_fed", "--profile", "smoke", "--out", str(tmp_path / "new")])
    assert stop.value.code == 2
    assert "did you mean 'without_feed'?" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_control_that_is_missing_is_asked_for(tmp_path, monkeypatch):
    keep("full", 0.5, tmp_path)
    (tmp_path / "full" / "seed0" / "results" / "offline.json").unlink()

    class AskedError(Exception):
        pass

    def asked(*_):
        raise AskedError

    monkeypatch.setattr(variants, "load_data", asked)
    with pytest.raises(AskedError):
        ablation.run(["full"], "smoke", [0], tmp_path, tmp_path, "cpu")


def test_of_nothing_there_is_no_table(tmp_path):
    with pytest.raises(ValueError, match="python -m dgnet_lite"):
        variants.compare(variants.collect(ABLATIONS, "smoke", tmp_path), base="full")


def test_what_another_folder_left_in_a_file_is_kept(tmp_path):
    stored = tmp_path / "stored.json"
    keep("full", 0.5, tmp_path / "here")
    keep("full", 0.7, tmp_path / "there", seed=1)
    keep("full", 0.6, tmp_path / "there")
    keep("without_id", 0.4, tmp_path / "there")
    for folder, rows in (("here", ["full"]), ("there", ["full", "without_id"])):
        main(["--rows", *rows, "--profile", "smoke", "--out", str(tmp_path / folder), "--into", str(stored)])
    found = {name: {s: r["both"]["mAP"] for s, r in seeds.items()} for name, seeds in variants.read(stored).items()}
    assert found == {"full": {0: 0.6, 1: 0.7}, "without_id": {0: 0.4}}


def test_results_of_another_scale_are_not_added(tmp_path, capsys):
    stored = tmp_path / "stored.json"
    write_json(stored, {"scale": "toy", "variants": {}})
    keep("without_id", 0.5, tmp_path / "here")
    with pytest.raises(SystemExit):
        main(["--rows", "without_id", "--profile", "smoke", "--out", str(tmp_path / "here"), "--into", str(stored)])
    assert "holds the scale toy, not smoke" in capsys.readouterr().err
    assert stored.read_text().count("variants") == 1
