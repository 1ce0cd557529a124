"""The README's tables of speed, ablations and swap quality: what they say is what the files hold."""

import json

import pytest

from dgnet_lite.show.readme import fill
from dgnet_lite.show.texts import (
    ablation_text,
    again_text,
    benchmarks_text,
    few_text,
    labels_text,
    levers_text,
    quality_text,
    recipes_text,
    speed_text,
)

ROW = {"rank1": 0.5, "mAP": 0.4}


def kept(path, value):
    path.write_text(json.dumps(value))
    return path


def test_the_speed_text_compares_with_the_first_way_and_says_where_the_time_goes(tmp_path):
    def way(before, after, memory):
        return {
            "seconds": {"before": before, "after": after},
            "tflop_per_second": {"before": 10.0, "after": 20.4},
            "memory_gib": memory,
        }

    text = speed_text(
        kept(
            tmp_path / "step.json",
            {
                "environment": {"device": "cuda", "gpu": "A card", "torch": "2.15"},
                "recipe": "official",
                "scale": "full",
                "batch_size": 16,
                "repeats": 5,
                "ways": {"float32": way(0.2, 0.4, 16.0), "bfloat16": way(0.1, 0.1, None)},
                "split": {"after": {"E_a": 0.3, "D": 0.695, "data": 0.005}},
            },
        )
    )
    assert "| float32 | 200 | 400 | 1.00 | 20 | 16 |" in text
    assert "| bfloat16 | 100 | 100 | 0.25 | 20 | nan |" in text
    assert "batch 8 + 8" in text
    assert "A card" in text
    assert text.endswith("D 70%, E_a 30%.")


def test_the_benchmarks_text_has_a_ratio_to_the_first_line_of_each_contest_and_the_aims(tmp_path):
    here = {"environment": {"torch": "2.15", "threads": "2"}, "cpu": "2 CPU cores, AVX2"}
    step = {"release": 4.0, "ours, float32, channels_last": 3.0, "ours": 3.2}
    found = {
        "a step": here | {"seconds": step, "aims": {"ours": "ratio 0.9"}, "split": {"G": 0.994, "data": 0.006}},
        "retrieval": here | {"seconds": {"evaluate": 2.0}, "aims": {}, "memory_gb": 0.456},
    }
    text = benchmarks_text(kept(tmp_path / "benchmarks.json", found))
    assert "| **a step** | release | 4 | 1.00 |  |" in text
    assert "|  | ours, float32, channels_last | 3 | 0.75 |  |" in text
    assert "|  | ours | 3.2 | 0.80 | ratio 0.9 |" in text
    assert "| **retrieval** | evaluate | 2 | 1.00 |  |" in text
    assert "2 CPU cores, AVX2, torch 2.15, threads 2; best of each" in text
    assert "Of a step, data takes 0.6% of the time" in text
    assert "0.46 GB beside the features" in text


def row(mAP):
    extra = {"swaps": {"clothes_l1_ratio": 0.7, "psnr": 18.0}, "labels": {"generated_i": 0.9}}
    return {"f_fine": ROW, "both": ROW | {"mAP": mAP}} | extra


@pytest.fixture
def rows(tmp_path):
    """A file of the ablation: `full`, one answer of the paper, one part of the method."""
    variants = {
        "full": {"seeds": {"0": row(0.5), "1": row(0.6)}, "devices": ["A card", "cpu"]},
        "log_loss": {"seeds": {"0": row(0.4)}, "devices": ["cpu"]},
        "without_id": {"seeds": {"1": row(0.65)}, "devices": ["A card"]},
    }
    return kept(tmp_path / "ablation_toy.json", {"scale": "toy", "variants": variants})


def test_the_ablation_text_names_seeds_and_devices_of_each_row(rows):
    text = ablation_text(rows)
    full, without = text.splitlines()[-2:]
    assert full.startswith("| `full`")
    assert full.endswith(
        "| 55.0 ± 7.1 |  |  | 40.0 ± 0.0 | 0.70 ± 0.00 | 18.0 ± 0.0 | 0.90 ± 0.00 | 0 1 | A card and cpu |"
    )
    assert "| 65.0 | +5.0 |" in without
    assert without.endswith("| 1 | A card |")


def test_each_text_has_its_own_rows_and_a_command_for_each_set_of_seeds(rows):
    recipes, others = recipes_text(rows), ablation_text(rows)
    assert "`log_loss`" in recipes
    assert "`log_loss`" not in others
    assert "`without_id`" not in recipes
    for names, seeds in (("full", "0 1"), ("log_loss", "0")):
        assert f"`python -m dgnet_lite.ablation --profile toy --rows {names} --seeds {seeds}`" in recipes


def test_the_readme_takes_both_texts_from_one_file(rows):
    for name, text in (("recipes", recipes_text(rows)), ("ablation", ablation_text(rows))):
        marked = f"<!-- table:{name} -->\nold\n<!-- end -->"
        assert fill(marked, rows.parent) == f"<!-- table:{name} -->\n{text}\n<!-- end -->"


def test_the_labels_text_has_a_line_for_each_style_that_was_trained_with_both_kinds_of_swaps(tmp_path):
    pictures = {"pictures": {"clothes_l1_ratio": 0.5}, "labels": {"i": 0.9, "j": 0.1}}

    def seeds(*scores):
        return {"seeds": {str(s): {"both": {"mAP": mAP}} | pictures for s, mAP in enumerate(scores)}}

    conditions = {"two_heads": seeds(0.7, 0.8), "true": seeds(0.75, 0.86), "generated": seeds(0.7, 0.8)}
    conditions |= {"true_lsro": seeds(0.65, 0.72), "generated_lsro": seeds(0.69), "true_pseudo": seeds(0.7)}
    made = {"steps": 1000, "devices": ["cpu"], "conditions": conditions}
    text = labels_text(kept(tmp_path / "quality.json", made))
    assert "| soft: what the teacher says, eq. (8) | +5.5 ± 0.7 | +0.0 ± 0.0 | 0 1 |" in text
    assert "| lsro: everybody alike | -6.5 ± 2.1 | -1.0 | 0 1 |" in text
    assert "pseudo" not in text
    assert "--groups quality labels --steps 1000" in text
    assert "lsro" not in quality_text(tmp_path / "quality.json")


def test_the_quality_text_has_no_picture_scores_for_the_control(tmp_path):
    def scored(mAP, **more):
        return {"both": {"mAP": mAP}} | more

    pictures = {"pictures": {"clothes_l1_ratio": 0.68}, "labels": {"i": 0.91, "j": 0.004}}
    text = quality_text(
        kept(
            tmp_path / "quality.json",
            {
                "steps": 3000,
                "devices": ["cpu"],
                "conditions": {
                    "two_heads": {"seeds": {"0": scored(0.8), "1": scored(0.78)}},
                    "generated": {"seeds": {"0": scored(0.81, **pictures), "1": scored(0.81, **pictures)}},
                },
            },
        )
    )
    control, generated = text.splitlines()[-2:]
    assert control == "| two heads, no swaps |  |  | 79.0 |  | 0 1 |"
    assert generated == "| generated swaps | 0.68 | 0.91, 0.00 | 81.0 | +2.0 ± 1.4 | 0 1 |"


def test_the_levers_text_has_the_world_of_most_gain_first_and_the_seeds_of_each_kind(tmp_path):
    def scored(oracle, **more):
        rows = {"teacher": 0.6, "two_heads": 0.7, "oracle": oracle} | more
        return {row: {"mAP": mAP, "rank1": 0.9} for row, mAP in rows.items()}

    worlds = {
        "few_images": {"what": "", "seeds": {"0": scored(0.72)}},
        "few_people": {"what": "", "seeds": {"0": scored(0.8, both=0.71), "1": scored(0.78)}},
    }
    text = levers_text(kept(tmp_path / "levers.json", {"scale": "toy", "devices": ["cpu"], "worlds": worlds}))
    few, base = text.splitlines()[-2:]
    assert few == "| 50 identities | 70.0 | +9.0 ± 1.4 | +1.0 (of 1) |  | 0 1 |"
    assert base == "| 6 images an identity | 70.0 | +2.0 |  |  | 0 |"
    learned = "`python -m dgnet_lite.levers few_people --seeds 0 1`"
    assert text.startswith(f"`python -m dgnet_lite.levers few_images --seeds 0`, {learned};")
    few = few_text(kept(tmp_path / "levers.json", {"scale": "toy", "devices": ["cpu"], "worlds": worlds})).splitlines()
    assert few[0].startswith(
        "`python -m dgnet_lite.levers few_people --seeds 0 1 --learned`: scale toy with 50 identities"
    )
    assert few[2] == "| row | Rank@1 | mAP | seeds |"
    assert "| two heads, as many steps, no generated images | +1.0 | +1.0 | 1 |" in few
    del worlds["few_people"]
    alone = levers_text(kept(tmp_path / "levers.json", {"scale": "toy", "devices": ["cpu"], "worlds": worlds}))
    assert alone.splitlines()[-1] == base


def test_the_same_command_on_two_machines_is_compared_seed_by_seed(tmp_path):
    def seeds(*gains):
        rows = {"one_head": {"mAP": 0.7}, "two_heads": {"mAP": 0.71}, "oracle": {"mAP": 0.75}}
        return {"seeds": {str(k): rows | {"both": {"mAP": 0.7 + gain}} for k, gain in enumerate(gains)}}

    kept(tmp_path / "toy.json", seeds(0.02, -0.01, 0.0))
    lines = again_text(kept(tmp_path / "toy_earlier.json", seeds(0.03))).splitlines()
    assert lines[2] == "| gain | by | seed 0 | seed 1 | seed 2 | mean ± sd |"
    assert lines[4].endswith("| the table above | +2.0 | -1.0 | +0.0 | +0.3 ± 1.5 |")
    assert lines[5] == "|  | another machine, earlier | +3.0 |  |  | +3.0 |"
    assert lines[6] == "|  | all 4 runs |  |  |  | +1.0 ± 1.8 |"
    assert lines[10].startswith("| true swaps over two heads")
