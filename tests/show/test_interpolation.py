"""Fig. 5: a walk begins and ends at swaps, and moves there and back."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from dgnet_lite.dgnet import DGNet
from dgnet_lite.show.interpolation import Walk, collect_walk, walk_gif, walk_strips
from dgnet_lite.study import generate


@pytest.fixture(scope="module")
def model(market, config):
    torch.manual_seed(0)
    return DGNet(config.networks, market.num_ids)


@pytest.fixture(scope="module", params=["appearance", "structure"])
def walk(request, model, market) -> Walk:
    return collect_walk(model, market, request.param, rows=2, steps=4, seed=1)


@pytest.mark.parametrize(("frame", "end"), [(0, "start"), (-1, "end")])
def test_a_walk_begins_and_ends_at_a_swap(walk, model, frame, end):
    pair = (getattr(walk, end), walk.kept)
    expected = generate(model, *(pair if walk.code == "appearance" else pair[::-1]))
    np.testing.assert_allclose(walk.frames[:, frame].astype(int), expected, atol=1)  # in another batch: rounding


def test_in_between_it_is_neither_end(walk):
    middle, first, last = (walk.frames[:, k].astype(int) for k in (2, 0, -1))
    assert (middle != first).any()
    assert (middle != last).any()


def test_three_different_persons_take_part_in_a_walk(walk):
    for images in zip(walk.kept, walk.start, walk.end, strict=True):
        assert len({image.tobytes() for image in images}) == 3


def test_a_walk_of_one_step_is_refused(model, market):
    with pytest.raises(ValueError, match="steps must be at least 2, got 1"):
        collect_walk(model, market, "appearance", steps=1)


@pytest.fixture
def plain_walk(images) -> Walk:
    made = images(2 * (3 + 5))
    return Walk("appearance", made[:2], made[2:4], made[4:6], made[6:].reshape(2, 5, 64, 32, 3))


def test_a_strip_goes_from_one_real_picture_to_the_other(plain_walk):
    picture = walk_strips(plain_walk)
    canvas = np.asarray(picture.axes[0].images[0].get_array())
    shown = [canvas[67:131, 35 * k : 35 * k + 32] for k in range(9)]  # of the second row
    real = [plain_walk.kept[1], np.full_like(shown[1], 255), plain_walk.start[1]]
    np.testing.assert_array_equal(shown, [*real, *plain_walk.frames[1], plain_walk.end[1]])


def test_the_share_of_the_way_stands_above_each_picture(plain_walk):
    labels = [label.get_text() for label in walk_strips(plain_walk).axes[0].get_xticklabels()]
    assert labels == ["body", "", "clothes 0", "0", "0.25", "0.5", "0.75", "1", "clothes 1"]


def test_the_gif_goes_there_and_back_and_rests_at_both_ends(plain_walk):
    gif = Image.open(io.BytesIO(walk_gif(plain_walk, milliseconds=50, rest=400)))
    times = []
    for k in range(gif.n_frames):
        gif.seek(k)
        times.append(gif.info["duration"])
    assert times == [400, 50, 50, 50, 400, 50, 50, 50]
    assert gif.info["loop"] == 0
