"""What moves by hand: each control changes the picture, errors are said, readers without a kernel see something."""

from __future__ import annotations

import io

import ipywidgets as w
import numpy as np
import pytest
import torch
from PIL import Image

from dgnet_lite.dgnet import DGNet
from dgnet_lite.evaluation.embed import combine, embed
from dgnet_lite.evaluation.retrieval import evaluate
from dgnet_lite.show.strip import strip
from dgnet_lite.show.style import Picture
from dgnet_lite.show.widgets import explore, judge, studio
from dgnet_lite.show.widgets.base import Interactive, slider


@pytest.fixture(scope="module")
def model(config, market):
    torch.manual_seed(0)
    return DGNet(config.networks, market.num_ids).eval()


MOVES = {
    "data_explorer": {"person": 1, "split": "query"},
    "ranking_browser": {"query": 0, "read": 1},
    "feature_browser": {"feature": "f_fine", "query": 5, "read": 1},
    "beta_slider": {"beta": 1.5, "query": 3},
    "schedule_sliders": {"warm_up": 0.9, "ramp": 0.5, "prim": 3.0, "alpha": 1.5},
    "swap_studio": {"clothes": 4, "body": 5, "t_a": 0.5, "t_s": 0.5},
    "factor_studio": {"person": 3, "factor": "hair_style"},
}


def ranked(model, market):
    return [combine(*embed(model.E_a, images), 0.5) for images in (market.query, market.gallery)]


def features(model, market):
    prim, fine = zip(*(embed(model.E_a, images) for images in (market.query, market.gallery)), strict=True)
    return {"f_prim": prim, "f_fine": fine}


BETAS = [0.0, 0.5, 1.0, 1.5, 2.0]


def beta_slider(model, market, betas=BETAS):
    q, g = market.index.query, market.index.gallery
    sides = features(model, market)
    joined = [[combine(*pair, beta) for pair in zip(*sides.values(), strict=True)] for beta in betas]
    ap = np.stack([evaluate(a, q.ids, q.cameras, b, g.ids, g.cameras).ap for a, b in joined], axis=1)
    return judge.beta_slider(betas, ap, *sides.values(), market, people="these people")


@pytest.fixture(scope="module")
def boxes(config, market, model):
    return {
        "data_explorer": explore.data_explorer(market),
        "ranking_browser": explore.ranking_browser(*ranked(model, market), market),
        "feature_browser": judge.feature_browser(features(model, market), market),
        "beta_slider": beta_slider(model, market),
        "schedule_sliders": explore.schedule_sliders(config),
        "swap_studio": studio.swap_studio(model, market, count=6),
        "factor_studio": studio.factor_studio(model, market, count=6),
    }


@pytest.mark.parametrize(("name", "control"), [(name, control) for name, moves in MOVES.items() for control in moves])
def test_a_control_changes_the_picture(boxes, name, control):
    box = boxes[name]
    before = box.image.value
    box.controls[control].value = MOVES[name][control]
    assert box.error.value == ""
    assert box.image.value != before


@pytest.mark.parametrize("name", MOVES)
def test_every_control_is_named_and_reached_by_the_keyboard(boxes, name):
    for control in boxes[name].controls.values():
        assert control.description
        assert isinstance(control, w.IntSlider | w.FloatSlider | w.Dropdown)  # all take arrow keys


@pytest.mark.parametrize("name", MOVES)
def test_a_notebook_gets_the_picture_beside_the_widget(boxes, name):
    data, metadata = boxes[name]._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    content = data["image/png"]
    assert Image.open(io.BytesIO(content)).size[0] > 200
    assert data["text/plain"] == metadata["image/png"]["alt"] == boxes[name].picture.alt_text


def failing(number: int) -> Picture:
    if number:
        raise ValueError(f"no picture <{number}>")
    return Picture(figsize=(1, 1))


def test_an_error_is_said_and_leaves_the_picture():
    box = Interactive({"number": slider("number", 3)}, failing)
    before = box.image.value
    box.controls["number"].value = 2
    assert "ValueError: no picture &lt;2&gt; (failing, line" in box.error.value
    assert box.image.value == before


def test_the_next_picture_takes_the_error_away():
    box = Interactive({"number": slider("number", 3)}, failing)
    box.controls["number"].value = 2
    box.controls["number"].value = 0
    assert box.error.value == ""


def test_a_person_slider_never_points_beyond_the_part(market):
    box = explore.data_explorer(market)
    last = box.controls["person"].max
    box.controls["person"].value = last
    box.controls["split"].value = "query"
    assert box.controls["person"].max == len(set(market.index.query.ids)) - 1 < last
    assert box.error.value == ""


def test_the_explorer_says_the_factors(market):
    box = explore.data_explorer(market)
    row = market.world.factors.loc[market.world.key(market.index.train.paths[0])]
    assert f"upper {row['upper']}" in box.picture.alt_text


def test_the_whole_ap_is_met_at_the_last_match(market, model):
    box = explore.ranking_browser(*ranked(model, market), market)
    box.controls["query"].value = 0
    box.controls["read"].value = box.controls["read"].max
    matches = int(box.picture.alt_text.split(" of ")[-1].split(" matches")[0])
    assert f"{matches} of {matches} matches" in box.picture.alt_text


def test_the_browser_tells_the_ap_of_every_feature_and_begins_where_they_differ_most(boxes, market, model):
    box = boxes["feature_browser"]
    box.controls["query"].value = 0
    q, g = market.index.query, market.index.gallery
    aps = [evaluate(a, q.ids, q.cameras, b, g.ids, g.cameras).ap for a, b in features(model, market).values()]
    k = np.nanargmax(np.abs(aps[0] - aps[1]))
    assert f"f_prim {100 * aps[0][k]:.0f}, f_fine {100 * aps[1][k]:.0f}" in box.picture.alt_text


def test_somebody_else_in_the_querys_clothes_is_told_from_the_other_wrong_answers(boxes, market):
    box, worn = boxes["feature_browser"], market.world.factors
    box.controls["feature"].value, box.controls["query"].value = "f_prim", 0
    told = box.picture.alt_text
    counts = dict(
        reversed(part.split(" ")) for part in told.split("10: ")[1].split(". ")[0].replace("same ", "same_").split(", ")
    )
    assert sum(map(int, counts.values())) == 10
    assert "same_clothes" in counts
    assert len(worn.drop_duplicates("upper")) > 1


def test_beta_tells_the_gain_and_its_interval(boxes):
    box = boxes["beta_slider"]
    box.controls["beta"].value = 0.0
    assert "+0.0 points of mAP over f_prim alone, 95 % interval +0.0 to +0.0" in box.picture.alt_text


def test_the_ranking_at_a_beta_is_that_of_the_joined_feature(model, market):
    box = beta_slider(model, market)
    box.controls["beta"].value = 1.0
    q, g = market.index.query, market.index.gallery
    a, b = (combine(*pair, 1.0) for pair in zip(*features(model, market).values(), strict=True))
    ap = evaluate(a, q.ids, q.cameras, b, g.ids, g.cameras).ap
    told = int(box.picture.alt_text.split("AP ")[1].split(" percent")[0])
    assert told in np.round(100 * ap).astype(int)


def test_beta_begins_at_nought(model, market):
    with pytest.raises(ValueError, match="betas must begin at 0"):
        beta_slider(model, market, betas=[0.5, 1.0])


def test_every_factor_can_be_changed(boxes):
    box = boxes["factor_studio"]
    for factor in box.controls["factor"].options:
        box.controls["factor"].value = factor
        for value in box.controls["value"].options[:: max(1, len(box.controls["value"].options) - 1)]:
            box.controls["value"].value = value
            assert box.error.value == "", (factor, value)


def test_the_true_swap_is_drawn_at_the_ends_and_not_between(market, model):
    box = studio.swap_studio(model, market, count=6)
    assert "true swap" in box.picture.alt_text
    box.controls["t_a"].value = 0.5
    assert "true swap" not in box.picture.alt_text


def test_the_swap_of_the_studio_is_the_models(market, model):
    codes = studio.Codes(model, market, count=6)
    from dgnet_lite.study import generate

    swap = generate(model, codes.images[[1]], codes.images[[4]])[0]
    ours = codes.decode(codes.structure[[4]], codes.appearance[[1]])
    assert np.abs(swap.astype(int) - ours).max() <= 1


def test_a_grey_picture_makes_the_structure_code_deaf_to_a_hue(market, model):
    box = studio.factor_studio(model, market, count=6)
    box.controls["factor"].value = "shoes"
    assert box.controls["value"].options == tuple(sorted(set(market.world.factors["shoes"])))


def test_without_a_drawn_world_no_factor_can_be_changed(market, model):
    import dataclasses

    with pytest.raises(ValueError, match="it needs Toy Market"):
        studio.factor_studio(model, dataclasses.replace(market, world=None))


def test_a_strip_has_its_images_and_words(images):
    tiles = images(2)
    made = strip(list(tiles), ["one", "two"], ["+"], title="Two")
    assert made.alt_text == "Two: 2 pictures in a row: one; two."
    colours = {tuple(c) for c in made.pixels.reshape(-1, 3)}
    assert {tuple(t[0, 0]) for t in tiles} <= colours
