"""The pictures of eq. (10) show what the pure functions say."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet_lite.config import Config
from dgnet_lite.show.schedule import rates_plot, schedule_plot, shares_of_step

FULL = Config.preset("paper", "full")


def lines(picture):
    return {line.get_label().split(":")[0]: line for line in picture.axes[0].lines}


def test_the_weights_of_the_paper_wait_and_rise():
    x, y = lines(schedule_plot(FULL))["prim"].get_data()
    np.testing.assert_allclose(y[x <= 30_000], 0)
    np.testing.assert_allclose(y[x >= 34_000], 2)
    assert y[x == 32_000] == pytest.approx(1)


def test_the_learning_rates_fall_where_the_release_lets_them():
    x, y = lines(rates_plot(FULL))["E_a, SGD"].get_data()
    assert y[x < 60_000].max() == pytest.approx(0.002)
    np.testing.assert_allclose(y[(x >= 60_000) & (x < 90_000)], 0.0002)
    np.testing.assert_allclose(y[x >= 90_000], 0.00002)


def test_the_bars_are_weight_times_loss_and_what_has_no_weight_is_left_out():
    picture = shares_of_step(
        {"img1": 0.5, "adv": 3.0, "D": 9.0, "prim": 4.0}, {"img1": 5.0, "adv": 1.0, "prim": 0.0}, title="A step"
    )
    assert sorted(bar.get_width() for bar in picture.axes[0].patches) == [2.5, 3.0]
    assert "together 5.50" in picture.alt_text
