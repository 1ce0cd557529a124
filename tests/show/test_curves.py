"""Loss curves."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from dgnet_lite.show.curves import draw_curves, feeding_phases, loss_curves

STEPS = pd.Index([3, 7, 11], name="step")
TEACHER = pd.DataFrame({"id_s": [3.0, 2.0, 1.0], "total": [3.0, 2.0, 1.0]}, index=STEPS)
DGNET = pd.DataFrame(
    {"img1": [0.5, 0.4, 0.3], "img2": [0.6, 0.5, 0.4], "prim": [np.nan, 0.9, 0.8], "adv": [1.0, 1.0, 1.0]}, index=STEPS
)


@pytest.fixture
def panels(config) -> dict:
    """Axes by title."""
    return {axes.get_title(loc="left"): axes for axes in draw_curves(TEACHER, DGNET, config).axes}


def test_each_kind_of_loss_has_its_panel(panels):
    expected = ["Teacher: identity", "Reconstruction", "Codes", "Identity", "Adversarial, eq. (7)", "Feedback of swaps"]
    assert list(panels) == expected


def test_a_curve_goes_through_the_logged_values(panels):
    line = panels["Reconstruction"].lines[0]
    assert (line.get_label(), list(line.get_xdata()), list(line.get_ydata())) == (
        "itself, eq. (1)",
        [3, 7, 11],
        [0.5, 0.4, 0.3],
    )


def test_a_loss_that_begins_late_is_drawn_from_there(panels):
    assert list(panels["Feedback of swaps"].lines[0].get_xdata()) == [7, 11]


def test_a_loss_that_was_not_logged_has_no_curve(panels):
    assert [line.get_label() for line in panels["Reconstruction"].lines] == ["itself, eq. (1)", "same person, eq. (2)"]


def test_axes_are_labelled(panels):
    assert panels["Teacher: identity"].get_ylabel() == "loss, unweighted"
    assert panels["Feedback of swaps"].get_xlabel() == "step"


def test_warm_up_and_ramp_are_shaded_where_the_schedule_has_them(config):
    timed = config.replace(**{"optim.steps": 1000, "losses.warm_up": 0.3, "losses.ramp": 0.1})
    assert feeding_phases(timed) == (300, 400)


def test_the_teacher_has_no_shading(panels):
    assert len(panels["Teacher: identity"].patches) == 0
    assert len(panels["Codes"].patches) == 2


def test_the_alternative_text_says_where_the_reconstruction_ended(config):
    assert "img1 0.300, img2 0.400" in draw_curves(TEACHER, DGNET, config).alt_text


def test_the_curves_of_a_folder_are_those_of_its_metrics(config, tmp_path):
    for name, table in (("teacher", TEACHER), ("dgnet", DGNET)):
        (tmp_path / name).mkdir()
        lines = [json.dumps({"step": int(k), **row.dropna()}) for k, row in table.iterrows()]
        (tmp_path / name / "metrics.jsonl").write_text("\n".join(lines))
    figure = loss_curves(tmp_path, config)
    assert list(figure.axes[0].lines[0].get_ydata()) == [3.0, 2.0, 1.0]


def test_a_folder_in_which_nothing_was_trained_is_an_error(config, tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing was trained there yet"):
        loss_curves(tmp_path, config)
