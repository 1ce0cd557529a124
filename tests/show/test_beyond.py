"""What lesson 15 draws: the numbers that went in are the numbers in the figure."""

from __future__ import annotations

import pytest

from dgnet_lite.show import beyond


def test_a_gradients_error_is_a_bar_and_rounding_is_called_so():
    figure = beyond.gradient_errors({"no BatchNorm": 2e-7, "halves": 0.25}, title="t")
    assert [bar.get_width() for bar in figure.axes[0].patches] == pytest.approx([2e-7, 0.25])
    assert "no BatchNorm: 2e-07, rounding; halves: 25 %" in figure.alt_text


def test_an_error_of_nothing_still_has_a_bar():
    figure = beyond.gradient_errors({"equal": 0.0}, title="t")
    assert figure.axes[0].patches[0].get_width() == pytest.approx(1e-7)


def test_curves_differ_in_colour_stroke_and_marker_and_levels_are_level():
    curves = {"a": ([1, 10], [5, 6]), "b": ([1, 10], [7, 3])}
    figure = beyond.over(curves, title="t", xlabel="k", ylabel="mAP", levels={"plain": 4.0}, scale=("log", "linear"))
    a, b, level = figure.axes[0].lines
    assert all(get(a) != get(b) for get in (type(a).get_color, type(a).get_linestyle, type(a).get_marker))
    assert list(level.get_ydata()) == [4.0, 4.0]
    assert "a: from 5 at 1 to 6 at 10" in figure.alt_text
    assert "plain: 4" in figure.alt_text


def test_a_mark_stands_at_its_place():
    figure = beyond.over({"a": ([1, 9], [5, 6])}, title="t", xlabel="k", ylabel="mAP", marks={"article": 20})
    assert list(figure.axes[0].lines[1].get_xdata()) == [20, 20]
    assert [text.get_text().strip() for text in figure.axes[0].texts] == ["article"]


def test_an_index_measured_once_is_a_star_and_others_are_lines():
    once = [{"search_ms": 20.0, "recall": 1.0, "rank1": 0.9}]
    rows = {"exact": once, "IVF": [{"search_ms": x, "recall": x / 10, "rank1": x / 5} for x in (1.0, 4.0)]}
    figure = beyond.search_cost(rows, title="t")
    star, line = figure.axes[0].lines
    assert (star.get_marker(), line.get_marker()) == ("*", "o")
    assert line.get_ydata() == pytest.approx([10, 40])
    assert figure.axes[1].lines[1].get_ydata() == pytest.approx([20, 80])
    assert "exact recall@10 100 % at 20 ms" in figure.alt_text


def test_every_group_has_its_rate_and_its_number_of_people():
    rates = {"cut": {"shorts": (0.0002, 30), "trousers": (0.0015, 90)}, "bag": {"none": (0.001, 120)}}
    figure = beyond.group_rates(rates, title="t", overall=0.001)
    assert [bar.get_height() for bar in figure.axes[0].patches] == pytest.approx([0.2, 1.5])
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == [
        "shorts\n30 people",
        "trousers\n90 people",
    ]
    assert "cut trousers: 1.50; bag none: 1.00" in figure.alt_text


def test_two_structure_encoders_and_one_appearance_encoder_are_drawn():
    texts = [text.get_text() for text in beyond.two_domains().axes[0].texts]
    assert sum("$E_s$" in text for text in texts) == 2
    assert sum("$E_a$" in text for text in texts) == 1
