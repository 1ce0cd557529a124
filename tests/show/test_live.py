"""A training to watch: the view, pausing, stopping, and going on to the same weights."""

from __future__ import annotations

import dataclasses
import threading
import time
from copy import deepcopy

import numpy as np
import pytest
import torch

from dgnet_lite.course import faults
from dgnet_lite.dgnet import build_teacher
from dgnet_lite.evaluation.monitor import Monitor
from dgnet_lite.show.live import compare_runs, training_view
from dgnet_lite.show.widgets.trainer import LiveTraining


@pytest.fixture(scope="module")
def setting():
    return faults.config_of("smoke")


@pytest.fixture(scope="module")
def teacher(setting, market):
    torch.manual_seed(0)
    return build_teacher(setting.networks, market.num_ids)


@pytest.fixture(scope="module")
def monitor(market):
    return Monitor(market, pairs=6, shown=3)


@pytest.fixture
def live(setting, market, teacher, monitor, tmp_path):
    task = faults.task_with("none", market, deepcopy(teacher), setting)
    return LiveTraining(task, tmp_path / "run", setting, monitor, looks=3)


def weights(live):
    return {name: value.clone() for name, value in live.task.model.state_dict().items()}


def test_a_monitor_reads_what_the_package_measures(market, monitor, live):
    reading = monitor.read(live.task.model)
    assert 0 <= reading.mAP <= 1
    assert reading.generated.shape == (3, *market.query.shape[1:])
    perfect = dataclasses.replace(reading, generated=monitor.true[:3])
    assert perfect.generated.dtype == np.uint8
    assert reading.clothes > 0.5  # an untrained G is no better than a copy


def test_without_a_drawn_world_there_is_no_clothes_error(market, live):
    monitor = Monitor(dataclasses.replace(market, world=None), pairs=4, shown=2)
    reading = monitor.read(live.task.model)
    assert np.isnan(reading.clothes)
    picture = training_view({}, {3: reading}, monitor, live.config)
    assert "Rank@1" in picture.alt_text


def test_a_training_in_the_cell_ends_with_its_view(live):
    view = live.run()
    assert live.said.value == "12 steps, done"
    assert list(live.readings) == [3, 7, 11]
    assert live.losses["img1"][0] == [1, 3, 5, 7, 9, 11]
    assert "Losses of a training of 12 steps" in view.alt_text


def test_a_notebook_without_a_kernel_sees_the_view(live):
    assert "image/png" in live._repr_mimebundle_()[0]


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_pause_holds_and_goes_on(live):
    live.buttons["pause"].value = True
    live.start()
    until(lambda: live.bar.value == 2)
    time.sleep(0.3)
    assert live.bar.value == 2
    live.buttons["pause"].value = False
    live.wait()
    assert live.said.value == "12 steps, done"


def test_stopped_and_started_again_it_ends_with_the_same_weights(live, setting, market, teacher, monitor, tmp_path):
    whole = LiveTraining(
        faults.task_with("none", market, deepcopy(teacher), setting), tmp_path / "whole", setting, monitor, looks=3
    )
    start = torch.get_rng_state()
    whole.run()
    torch.set_rng_state(start)
    live.buttons["pause"].value = True
    live.start()
    until(lambda: live.bar.value == 2)
    live.buttons["pause"].value = False
    until(lambda: live.bar.value >= 6)
    live.stop()
    live.wait()
    assert "stopped after" in live.said.value or live.said.value == "12 steps, done"
    live.start()
    live.wait()
    assert live.error.value == ""
    assert live.said.value == "12 steps, done"
    for name, value in weights(whole).items():
        torch.testing.assert_close(weights(live)[name], value, rtol=0, atol=0)
    steps = live.losses["img1"][0]
    assert steps == sorted(set(steps))


def test_in_a_new_kernel_a_complete_run_shows_its_losses_and_one_reading(live, setting, market, teacher, monitor):
    live.run()
    task = faults.task_with("none", market, deepcopy(teacher), setting)
    again = LiveTraining(task, live.folder, setting, monitor, looks=3)
    again.run()
    assert again.losses["img1"][0] == live.losses["img1"][0]
    assert again.losses["img1"][1] == pytest.approx(live.losses["img1"][1])
    assert list(again.readings) == [11]
    assert again.readings[11].mAP == live.readings[11].mAP


def test_the_buttons_start_and_stop(live):
    live.buttons["start"].click()
    assert live.running
    live.wait()
    assert threading.active_count() >= 1
    assert live.said.value.endswith("done")


def test_an_error_in_the_thread_is_said(live, monkeypatch):
    def broken(step):
        raise RuntimeError("out of paint")

    monkeypatch.setattr(live.task, "update", broken)
    live.start()
    live.wait()
    assert "RuntimeError: out of paint" in live.error.value


def test_runs_are_laid_over_each_other():
    run = {"img1": ([0, 1], [0.5, 0.4]), "prim": ([1], [0.3])}
    picture = compare_runs({"A": run, "B": {"img1": ([0, 1], [0.5, 0.9])}}, ["img1", "prim"], title="Two runs")
    first, second = picture.axes[:2]
    assert [line.get_label() for line in first.lines] == ["A", "B"]
    assert list(first.lines[1].get_ydata()) == [0.5, 0.9]
    assert "A: img1 0.40, prim 0.30; B: img1 0.90" in picture.alt_text
    assert second.get_title(loc="left") == "prim"
