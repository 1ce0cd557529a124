"""metrics.jsonl: whole lines, none twice."""

import pytest
import torch

from dgnet_lite.training.tracking import Tracker, read_lines, read_metrics


def track(folder, steps, first=0):
    with Tracker(folder, first, tensorboard=False) as tracker:
        for step in steps:
            tracker.log(step, {"total": step / 2})


def steps_in(folder):
    return [line["step"] for line in read_lines(folder / "metrics.jsonl")]


def test_a_logged_value_is_read_back(tmp_path):
    track(tmp_path, [1, 3])
    assert read_metrics(tmp_path)["total"].to_dict() == {1: 0.5, 3: 1.5}


def test_a_resumed_run_drops_what_comes_again(tmp_path):
    track(tmp_path, [1, 3, 5, 7])
    track(tmp_path, [5, 7, 9], first=4)
    assert steps_in(tmp_path) == [1, 3, 5, 7, 9]


def test_a_line_cut_short_is_dropped(tmp_path):
    track(tmp_path, [1, 3])
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 5, "tot')
    track(tmp_path, [5], first=5)
    assert steps_in(tmp_path) == [1, 3, 5]


def test_lines_are_there_while_the_run_goes_on(tmp_path):
    with Tracker(tmp_path, tensorboard=False) as tracker:
        tracker.log(1, {"total": 1.0})
        assert steps_in(tmp_path) == [1]


def test_a_folder_without_metrics_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no metrics\.jsonl in .*: nothing was trained there yet"):
        read_metrics(tmp_path)


def test_tensorboard_gets_scalars_and_images(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with Tracker(tmp_path) as tracker:
        tracker.log(4, {"total": 2.5})
        tracker.images(4, "swaps", torch.zeros(2, 8, 4, 3, dtype=torch.uint8))
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(e.step, e.value) for e in events.Scalars("total")] == [(4, 2.5)]
    assert [(e.step, e.width, e.height) for e in events.Images("swaps")] == [(4, 8, 8)]  # two of 8 x 4, side by side
