"""What lesson 11 draws: the numbers that went in are the numbers in the figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Ellipse

from dgnet_lite.show import realism


def test_each_picture_stands_above_its_own_scores(images):
    pictures = dict(zip("ab", images(2), strict=True))
    scores = pd.DataFrame({"a": [12.5, np.nan], "b": [30.0, 0.25]}, index=["PSNR", "SSIM"])
    figure = realism.judged_row(pictures, scores, title="t")
    for axes, image in zip(figure.axes, pictures.values(), strict=True):
        assert np.array_equal(axes.images[0].get_array(), image)
    middle = {axes.get_title("center"): axes.get_position().x0 + axes.get_position().width / 2 for axes in figure.axes}
    places = {text.get_text(): text.get_position()[0] for text in figure.texts}
    assert (places["12.50"], places["30.00"]) == (pytest.approx(middle["a"]), pytest.approx(middle["b"]))
    assert places["-"] == pytest.approx(middle["a"])
    assert "b: PSNR 30.00, SSIM 0.25" in figure.alt_text


def test_an_ellipse_has_two_deviations_along_the_axes_of_its_set():
    r = np.random.default_rng(0)
    flat = r.normal(size=(4000, 2)) * [3, 1] + [5, 0]
    turned = flat @ np.array([[0, 1], [-1, 0]])  # a quarter turn
    figure = realism.clouds({"real": flat, "other": turned}, distances={"other": 7.25}, title="t")
    first, second = (patch for patch in figure.axes[0].patches if isinstance(patch, Ellipse))
    for ellipse, points in ((first, flat), (second, turned)):
        assert ellipse.center == pytest.approx(points.mean(axis=0), abs=1e-6)
        assert (ellipse.width, ellipse.height) == pytest.approx((12, 4), rel=0.05)
    assert abs(np.cos(np.radians(first.angle))) > 0.99
    assert abs(np.sin(np.radians(second.angle))) > 0.99
    assert "other 7.25" in figure.alt_text


def test_a_distance_over_counts_is_the_mean_over_draws():
    values = {"Fréchet": np.array([[4.0, 6.0], [1.0, 3.0]]), "kernel": np.array([[0.5, -0.5], [0.1, 0.1]])}
    figure = realism.over_counts([10, 20], values, level={"Fréchet": 1.5}, title="t")
    lines = [{line.get_label(): list(line.get_ydata()) for line in axes.lines} for axes in figure.axes]
    assert [each["real against real"] for each in lines] == [[5, 2], [0, pytest.approx(0.1)]]
    assert lines[0]["swaps against real, all images"] == [1.5, 1.5]
    assert "swaps against real, all images" not in lines[1]
    assert "Fréchet from 5 at 10 to 2 at 20" in figure.alt_text


def test_a_lower_score_ranks_higher_and_a_missing_one_has_no_place():
    scores = pd.DataFrame({"one": [0.3, 0.1, 0.2], "two": [1.0, 2.0, np.nan]}, index=["a", "b", "c"])
    figure = realism.rankings(scores, title="t")
    places = [list(line.get_ydata()) for line in figure.axes[0].lines]
    assert places[:2] == [[3, 1], [1, 2]]
    assert places[2][0] == 2
    assert np.isnan(places[2][1])
    assert "one: b, c, a; two: a, b." in figure.alt_text
    bottom, top = figure.axes[0].get_ylim()
    assert bottom > top  # best on top
