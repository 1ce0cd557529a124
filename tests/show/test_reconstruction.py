"""What lesson 06 draws: running means, distances in units of the mean, one mark for each number."""

from __future__ import annotations

import numpy as np

from dgnet_lite.show.reconstruction import distances_of_codes, dots, losses_of_runs, running_mean

RUNS = {"both": {"eq. (1)": [4.0, 2.0, 0.0], "eq. (2)": [3.0, 3.0, 3.0]}, "one": {"eq. (1)": [1.0, 1.0, 1.0]}}


def test_a_running_mean_has_a_value_wherever_its_window_fits():
    np.testing.assert_allclose(running_mean([4.0, 2.0, 0.0, 2.0], 2), [3, 1, 1])


def test_a_window_that_is_too_long_takes_everything():
    np.testing.assert_allclose(running_mean([4.0, 2.0], 10), [3])


def test_a_running_mean_stands_at_the_last_step_it_has_seen():
    line = losses_of_runs(RUNS, window=2, title="t").axes[0].lines[0]
    np.testing.assert_allclose(line.get_xydata(), [[2, 3], [3, 1]])


def test_each_loss_has_its_panel_with_the_runs_that_have_it():
    axes = losses_of_runs(RUNS, window=2, title="t").axes
    assert [(panel.get_title(loc="left"), len(panel.lines)) for panel in axes] == [("eq. (1)", 2), ("eq. (2)", 1)]


def test_each_run_stands_once_in_the_legend():
    legend = losses_of_runs(RUNS, window=2, title="t").legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["both", "one"]


def test_distances_are_in_units_of_the_mean_between_persons():
    figure = distances_of_codes({"run": (np.array([1.0, 3.0]), np.array([3.0, 5.0]))}, title="t")
    between, within = figure.axes[0].lines
    assert (between.get_xdata()[0], within.get_xdata()[0]) == (1.0, 0.5)


def test_a_ratio_of_distances_is_told_in_words():
    figure = distances_of_codes({"run": (np.array([1.0]), np.array([4.0]))}, title="t")
    assert "run 0.25" in figure.alt_text


def test_a_mark_stands_in_its_row_at_its_number():
    axes = dots({"first": {"a": 1.0, "b": 2.0}, "second": {"b": 5.0}}, "numbers", title="t").axes[0]
    marks = [
        tuple(line.get_xydata()[0]) for line in axes.lines if line.get_marker() in "os" and len(line.get_xdata()) == 1
    ]
    assert marks == [(1.0, 0.0), (2.0, 0.0), (5.0, 1.0)]


def test_a_series_stands_once_in_the_legend():
    axes = dots({"first": {"a": 1.0, "b": 2.0}, "second": {"b": 5.0}}, "numbers", title="t").axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]


def test_marks_are_told_in_words():
    assert "second: b 5.000" in dots({"first": {"a": 1.0}, "second": {"b": 5.0}}, "numbers", title="t").alt_text
