"""What is stored is read; what is missing is said."""

from __future__ import annotations

import json

import pytest

from dgnet_lite import stored

MADE = {"environment": {"device": "cpu"}}
ROW = {"both": {"mAP": 0.5}}


def write(folder, name, **content):
    (folder / name).write_text(json.dumps(MADE | content))


def test_all_files_are_read(tmp_path):
    row = {"what": "", "seeds": {"3": ROW}}
    write(tmp_path, "toy.json", seeds={"0": ROW, "1": ROW})
    write(tmp_path, "ablation_toy.json", variants={"full": row | {"devices": ["b", "a"]}, "paper": row})
    write(tmp_path, "quality.json", conditions={"copy": row}, devices=["cpu"], steps=1000)
    write(tmp_path, "toy_earlier.json", seeds={"1": ROW})
    write(tmp_path, "levers.json", worlds={"few_people": row}, devices=["cpu"])
    kept = stored.read(tmp_path)
    assert (kept.earlier, kept.levers) == ({1: ROW}, {"base": {0: ROW, 1: ROW}, "few_people": {3: ROW}})
    assert kept[:3] == ({0: ROW, 1: ROW}, {"full": {3: ROW}, "paper": {3: ROW}}, {"copy": {3: ROW}})
    assert kept.notes == [
        "toy.json, on cpu; in brackets the seeds: every row of Table 3 (0 1)",
        "toy_earlier.json, on cpu; in brackets the seeds: the same on another machine (1)",
        "ablation_toy.json, on a and b; in brackets the seeds: full (3), paper (3)",
        "quality.json, on cpu, 1,000 steps each; in brackets the seeds: copy (3)",
        "levers.json, on cpu; in brackets the seeds: base (0 1), few_people (3)",
    ]


def test_joint_and_offline_training_are_read_from_both_files_where_both_were_run(tmp_path):
    both = ROW | {"offline": {"mAP": 0.4}}
    write(tmp_path, "toy.json", seeds={"0": ROW})
    write(tmp_path, "ablation_toy.json", variants={"full": {"what": "", "seeds": {"0": both, "1": ROW}}})
    assert stored.read(tmp_path).offline == {0: both}
    write(tmp_path, "offline_toy.json", variants={"full": {"what": "", "seeds": {"1": both}}})
    kept = stored.read(tmp_path)
    assert kept.offline == {0: both, 1: both}
    assert kept.ablation["full"] == {0: both, 1: ROW}
    assert kept.notes[-1] == "offline_toy.json, on cpu; in brackets the seeds: full (1)"


def test_what_is_missing_is_said_with_its_command(tmp_path):
    write(tmp_path, "toy.json", seeds={"0": ROW})
    kept = stored.read(tmp_path)
    assert kept[:3] == ({0: ROW}, {}, {})
    assert kept.notes[1].startswith("ablation_toy.json is not there (python -m dgnet_lite.ablation)")
    assert kept.notes[2].startswith("quality.json is not there (python -m dgnet_lite.quality)")
    assert kept.notes[3].startswith("levers.json is not there (python -m dgnet_lite.levers)")


def test_an_empty_folder_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no toy.json in .*make toy"):
        stored.read(tmp_path)


def test_a_condition_is_asked_for_its_pictures_and_its_halves(tmp_path):
    seeds = {str(k): {"test": {"mAP": 0.5}, "pictures": {"clothes_l1_ratio": 0.5 + 0.2 * k}} for k in range(2)}
    write(tmp_path, "toy.json", seeds={"0": ROW})
    write(tmp_path, "quality.json", conditions={"generated": {"what": "", "seeds": seeds}})
    kept = stored.read(tmp_path)
    assert kept.error("generated") == pytest.approx(0.6)
    assert kept.mAP("generated", "test") == {0: 50, 1: 50}
    assert kept.mAP("alpha_2", "test") == {}
