"""Toy Market: the files, the pictures, the true swaps, and what goes wrong."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dgnet_lite.data import drawing, picture, toymarket
from dgnet_lite.data.factors import APPEARANCE, CLOTH, LOWER, STRUCTURE, UPPER
from dgnet_lite.data.marketplan import plan
from dgnet_lite.data.toymarket import PRESETS, Spec, ToyMarket, write

SMOKE = PRESETS["smoke"]
TINY = replace(SMOKE, train_ids=3, test_ids=3, distractors=2, junk=2)
NAME = re.compile(r"(bounding_box_train|query|bounding_box_test)/(-1|\d{4})_c(\d)s(\d)_(\d{6})_(\d{2})\.jpg")


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> ToyMarket:
    folder = tmp_path_factory.mktemp("toymarket") / "smoke"
    return ToyMarket.load(write(folder, SMOKE, height=64, workers=1, progress=False))


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


def named(market: ToyMarket) -> list[str]:
    return list(market.factors.index[market.factors["id"] > 0])


# files


def test_two_processes_write_the_same_bytes_as_one(market, tmp_path):
    two = write(tmp_path / "two", SMOKE, height=64, workers=2, progress=False)
    assert files_of(two) == files_of(market.folder)


def test_another_seed_gives_other_pictures_and_the_same_seed_the_same(tmp_path):
    sets = [
        files_of(write(tmp_path / str(k), TINY, height=64, seed=s, progress=False)) for k, s in enumerate((5, 5, 6))
    ]
    assert sets[0] == sets[1]
    assert not {v for k, v in sets[0].items() if k.endswith("jpg")} & {
        v for k, v in sets[2].items() if k.endswith("jpg")
    }


def test_names_folders_and_factors_agree(market):
    on_disk = {p.relative_to(market.folder).as_posix() for p in market.folder.rglob("*.jpg")}
    assert on_disk == set(market.factors.index)
    for key, row in market.factors.iterrows():
        match = NAME.fullmatch(key)
        assert match is not None, key
        assert (int(match[2]), int(match[3])) == (row["id"], row["camera"])


def test_the_factors_table_holds_every_factor(market):
    assert list(market.factors.columns) == ["id", *APPEARANCE, *STRUCTURE]


@pytest.mark.parametrize("preset", ["smoke", "demo", "toy"])
def test_a_preset_plans_as_many_images_as_it_says(preset):
    folders = Counter(key.split("/")[0] for key in plan(PRESETS[preset], 0))
    counts = PRESETS[preset].counts
    assert folders["bounding_box_train"] == counts["train"]
    assert folders["query"] == counts["query"]
    assert folders["bounding_box_test"] == counts["gallery"] + counts["distractors"] + counts["junk"]


def test_the_demo_preset_stays_below_1200_images():
    assert PRESETS["demo"].counts["total"] < 1200


def test_the_market_preset_has_the_counts_of_market_1501():
    rows = plan(PRESETS["market"], 0)
    folders = Counter(key.split("/")[0] for key in rows)
    assert folders == {"bounding_box_train": 12_936, "query": 3_368, "bounding_box_test": 19_732}
    ids = {folder: Counter() for folder in folders}
    for key, row in rows.items():
        ids[key.split("/")[0]][row["id"]] += 1
    assert len(ids["bounding_box_train"]) == 751
    assert len(ids["query"]) == 750
    assert (ids["bounding_box_test"][0], ids["bounding_box_test"][-1]) == (2_798, 3_819)
    assert ids["bounding_box_test"].keys() - {0, -1} == ids["query"].keys()
    assert not ids["bounding_box_train"].keys() & ids["query"].keys()


def test_junk_and_distractors_lie_in_the_gallery_only(market):
    special = market.factors[market.factors["id"] <= 0]
    assert all(key.startswith("bounding_box_test/") for key in special.index)
    assert Counter(special["id"]) == {0: SMOKE.distractors, -1: SMOKE.junk}


def test_there_is_one_query_per_test_identity_and_camera():
    rows = plan(PRESETS["toy"], 1)
    queries = Counter((row["id"], row["camera"]) for key, row in rows.items() if key.startswith("query/"))
    assert set(queries.values()) == {1}


@pytest.mark.parametrize("preset", ["smoke", "market"])
def test_every_query_has_a_match_in_another_camera(preset):
    rows = plan(PRESETS[preset], 2)
    gallery = {(row["id"], row["camera"]) for key, row in rows.items() if key.startswith("bounding_box_test/")}
    for key, row in rows.items():
        if key.startswith("query/"):
            assert any(pid == row["id"] and camera != row["camera"] for pid, camera in gallery), key


@pytest.mark.parametrize(("split", "expected"), [("train", 2), ("query", 5)])
def test_about_as_many_identities_as_asked_share_an_outfit(split, expected):
    rows = plan(replace(PRESETS["toy"], train_collide=2, test_collide=5), 0)
    outfit_of = {r["id"]: tuple(r[name] for name in APPEARANCE) for k, r in rows.items() if split in k}
    assert len(outfit_of) / len(set(outfit_of.values())) == pytest.approx(expected, abs=0.2)


def test_an_identity_keeps_its_clothes_and_body(market):
    for _, images in market.factors[market.factors["id"] > 0].groupby("id"):
        assert len(images[[*APPEARANCE, "stature", "hair", "skin", "bag", "cut"]].drop_duplicates()) == 1


# pictures


def test_rendering_an_images_own_factors_gives_the_stored_file(market):
    for key in market.factors.index[::9]:
        assert drawing.jpeg(market.render(key, key)) == (market.folder / key).read_bytes()


def test_a_stored_file_shows_what_was_drawn(market):
    for key in market.factors.index[::9]:
        shown = np.asarray(Image.open(market.folder / key))
        assert mean_difference(market.render(key, key), shown) < 5


@pytest.mark.parametrize("height", [64, 96, 256])
def test_pictures_are_twice_as_high_as_wide(market, height):
    key = named(market)[0]
    assert market.render(key, key, height=height).shape == (height, height // 2, 3)
    assert market.clothes_mask(key, height=height).shape == (height, height // 2)


def test_a_large_picture_reduced_is_the_small_one(market):
    differences = []
    for key in named(market)[::5]:
        large = Image.fromarray(market.render(key, key, height=256)).reduce(4)
        other = market.render(named(market)[1], named(market)[1])
        small = market.render(key, key, height=64)
        differences.append((mean_difference(np.asarray(large), small), mean_difference(np.asarray(large), other)))
    same, different = np.mean(differences, axis=0)
    assert same < 7 < 20 < different


def test_the_clothes_mask_is_the_same_shape_at_every_size(market):
    for key in named(market)[::5]:
        small, large = (market.clothes_mask(key, height=h) for h in (64, 256))
        large = large.reshape(64, 4, 32, 4).mean((1, 3)) > 0.5
        assert (small & large).sum() / (small | large).sum() > 0.85


def test_the_clothes_mask_does_not_depend_on_whose_clothes_are_worn(market):
    rows = market.factors.to_dict(orient="index")
    for wearer in named(market)[::6]:
        masks = [picture.clothes_mask(rows[donor], rows[wearer], 64) for donor in named(market)[::13]]
        assert all((mask == masks[0]).all() for mask in masks)


def test_a_swap_leaves_everything_but_the_clothes_as_it_was(market):
    keys = named(market)
    rows = market.factors.to_dict(orient="index")
    for structure, appearance in zip(keys[::7], keys[3::7], strict=False):
        sharp = {**rows[structure], "blur": 0.0}
        camera = market.cameras[sharp["camera"] - 1]
        own, swap = (picture.render(a, sharp, camera, 256) for a in (sharp, rows[appearance]))
        mask = Image.fromarray(market.clothes_mask(structure, height=256).astype(np.uint8) * 255)
        near = np.asarray(mask.resize((132, 260)).resize((128, 256))) > 0
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                near = near | np.roll(np.asarray(mask) > 0, (dy, dx), (0, 1))
        assert (own[~near] == swap[~near]).all()


def test_a_swap_wears_the_clothes_of_the_appearance_image(market):
    keys = named(market)
    rows = market.factors.to_dict(orient="index")
    wearer = next(key for key in keys if rows[key]["cut"] == "trousers")
    neutral = {**rows[wearer], "blur": 0.0, "grain": 0.0, "gain": 1.0, "contrast": 1.0, "tint": 0.0}
    camera = {**market.cameras[neutral["camera"] - 1], "gain": 1.0, "cast": [1.0, 1.0, 1.0]}
    mask = picture.clothes_mask(neutral, neutral, 128)
    rows_of_legs = np.flatnonzero(mask.any(1))
    legs = mask.copy()
    legs[: rows_of_legs[len(rows_of_legs) * 6 // 10]] = False
    legs[rows_of_legs[len(rows_of_legs) * 8 // 10] :] = False
    for colour in ("red", "green", "blue"):
        donor = {**rows[wearer], "lower": colour, "fabric": "plain"}
        seen = picture.render(donor, neutral, camera, 128)[legs].mean(0)
        distance = {name: np.abs(seen - CLOTH[name]).sum() for name in ("red", "green", "blue")}
        assert min(distance, key=distance.get) == colour


def test_every_garment_colour_changes_the_picture_inside_the_clothes_mask(market):
    row = market.factors.to_dict(orient="index")[named(market)[0]]
    camera = market.cameras[row["camera"] - 1]
    mask = picture.clothes_mask(row, row, 64)
    for name, colours in (("upper", UPPER), ("lower", LOWER)):
        seen = {c: picture.render({**row, name: c}, row, camera, 64)[mask].mean(0) for c in colours}
        assert len({tuple(np.round(v, 3)) for v in seen.values()}) == len(colours)


def test_many_pairs_are_drawn_as_one_by_one_and_in_order(market):
    keys = named(market)
    pairs = [(keys[k % 7], keys[k % len(keys)]) for k in range(drawing.CHUNK + 5)]
    together = market.render_many(pairs, workers=1)
    assert (together == np.stack([market.render(a, s) for a, s in pairs])).all()


def test_the_key_of_a_file_is_its_row(market):
    path = next((market.folder / "query").iterdir())
    assert market.key(path) == f"query/{path.name}"


# what goes wrong


def test_the_same_set_is_not_drawn_again(market, capsys):
    before = {p: p.stat().st_mtime_ns for p in market.folder.rglob("*")}
    write(market.folder, SMOKE, height=64)
    assert "already in" in capsys.readouterr().out
    assert before == {p: p.stat().st_mtime_ns for p in market.folder.rglob("*")}


def test_another_set_is_not_written_over(market):
    with pytest.raises(FileExistsError, match=r"seed is 0 there and 1 here.*delete"):
        write(market.folder, SMOKE, height=64, seed=1)


def test_a_folder_with_other_things_is_not_written_over(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(FileExistsError, match="not a Toy Market"):
        write(tmp_path, TINY, height=64)


@pytest.mark.parametrize("height", [62, 258, 65, 100.0])
def test_a_height_out_of_range_is_refused(tmp_path, height):
    with pytest.raises(ValueError, match="height must be an even number of pixels from 64 to 256"):
        write(tmp_path / "x", TINY, height=height)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cameras_per_train_id": 7}, "cameras_per_train_id is 7, but there are only 6 cameras"),
        ({"cameras_per_test_id": 6.5}, "cameras_per_test_id is 6.5, but there are only 6 cameras"),
        ({"train_images_per_id": 2}, "cameras_per_train_id is 3, more than train_images_per_id, 2"),
        ({"cast": 0.9}, "cast must be from 0 to 0.5, got 0.9"),
        ({"train_ids": 2.5}, "train_ids must be a whole number"),
        ({"test_collide": "2"}, "test_collide must be from 1 to 100"),
    ],
)
def test_an_impossible_spec_is_refused(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Spec(**change)


def test_a_full_disk_leaves_nothing_and_says_so(tmp_path, monkeypatch):
    def full(job):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(drawing, "draw_files", full)
    with pytest.raises(OSError, match=r"could not be written.*No space left.*needs about"):
        write(tmp_path / "x", TINY, height=64, workers=1, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="could not be written"):
        write(tmp_path / "file" / "x", TINY, height=64, progress=False)


def test_a_killed_run_leaves_no_set_and_the_next_run_succeeds(tmp_path):
    folder = tmp_path / "market"
    code = f"from dgnet_lite.data.toymarket import *; write({str(folder)!r}, PRESETS['demo'], height=256, workers=1)"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".market.*/*/*.jpg")):
        assert process.poll() is None, "the writer ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not folder.exists()

    write(folder, TINY, height=64, workers=1, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["market"]
    assert len(ToyMarket.load(folder).factors) == TINY.counts["total"]


def test_loading_a_missing_folder_says_how_to_draw_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No folder .*make_toymarket\.py"):
        ToyMarket.load(tmp_path / "none")


def test_loading_without_the_factors_table_names_it(tmp_path):
    folder = write(tmp_path / "x", TINY, height=64, progress=False)
    (folder / "factors.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"No factors\.csv in"):
        ToyMarket.load(folder)


def test_loading_a_set_of_another_version_names_both_versions(tmp_path):
    folder = write(tmp_path / "x", TINY, height=64, progress=False)
    about = json.loads((folder / "toymarket.json").read_text())
    (folder / "toymarket.json").write_text(json.dumps({**about, "version": 0}))
    with pytest.raises(ValueError, match=f"version 0 of Toy Market, this package draws version {toymarket.VERSION}"):
        ToyMarket.load(folder)


def test_an_unknown_image_is_named(market):
    with pytest.raises(KeyError, match=r"query/none\.jpg' is no image of the Toy Market"):
        market.render("query/none.jpg", named(market)[0])


def test_no_workers_are_refused(tmp_path):
    with pytest.raises(ValueError, match="workers must be at least 1"):
        write(tmp_path / "x", TINY, height=64, workers=0)


def test_a_picture_is_redrawn_with_one_factor_changed(market):
    key = next(key for key in market.factors.index if market.factors.loc[key, "upper"] != "red")
    same, red = market.redraw(key), market.redraw(key, upper="red")
    np.testing.assert_array_equal(same, market.render(key, key))
    clothes = market.clothes_mask(key)
    changed = (same != red).any(axis=-1)
    assert changed.any()
    assert (changed & clothes).sum() > 0.8 * changed.sum()  # light and blur carry a little beyond the edge


def test_an_unknown_factor_is_named_when_redrawing(market):
    with pytest.raises(KeyError, match="no factor 'colour'; there are: upper"):
        market.redraw(market.factors.index[0], colour="red")


@pytest.fixture(scope="module")
def others(tmp_path_factory) -> ToyMarket:
    """Other people before the cameras of `market`."""
    folder = tmp_path_factory.mktemp("toymarket") / "others"
    return ToyMarket.load(write(folder, SMOKE, height=64, people=6, workers=1, progress=False))


def test_other_people_in_other_outfits_walk_past_the_same_cameras(market, others):
    assert others.cameras == market.cameras
    for part in (APPEARANCE, ("stature", "build", "skin", "hair")):
        here, there = (set(world.factors[list(part)].astype(str).agg(" ".join, axis=1)) for world in (market, others))
        assert not here & there


def test_the_people_of_the_cameras_own_seed_are_those_drawn_without_one():
    assert plan(SMOKE, 4) == plan(SMOKE, 4, toymarket.sample_cameras(SMOKE, 4))


@pytest.mark.parametrize(("people", "message"), [(None, "people is 6 there and None"), (7, "6 there and 7 here")])
def test_a_set_of_other_people_is_another_set(others, people, message):
    with pytest.raises(FileExistsError, match=message):
        write(others.folder, SMOKE, height=64, people=people, workers=1, progress=False)


def test_people_below_zero_are_refused(tmp_path):
    with pytest.raises(ValueError, match="people must not be negative"):
        write(tmp_path / "new", SMOKE, people=-1)
