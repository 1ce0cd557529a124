"""The loop: complete runs, refusals, losses that are not finite."""

import json

import pytest
import torch

from dgnet_lite.training import checkpoint
from dgnet_lite.training.loop import NonFiniteLossError, fit

STEPS = 12


def run(task, folder, **kwargs):
    return fit(task, STEPS, folder, task.config, tensorboard=False, show_progress=False, **kwargs)


@pytest.fixture(scope="module")
def finished(new_task, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    run(new_task("teacher"), folder)
    return folder


def no_update(step):
    raise AssertionError(f"step {step} was trained")


def lines_in(folder):
    return [json.loads(text) for text in (folder / "metrics.jsonl").read_text().splitlines()]


# A complete run


def test_the_last_checkpoint_is_of_the_last_step(finished):
    assert checkpoint.load(finished / "last.pt")["step"] == STEPS


def test_metrics_are_written_every_log_every_steps(finished):
    assert [line["step"] for line in lines_in(finished)] == [1, 3, 5, 7, 9, 11]


def test_a_logged_loss_is_the_mean_since_the_last_reading(new_task, tmp_path, monkeypatch):
    task = new_task("teacher")  # log_every 2, checkpoint_every 5: readings after steps 1, 3, 4, 5, ...
    monkeypatch.setattr(task, "update", lambda step: {"total": torch.tensor(float(step))})
    run(task, tmp_path)
    assert [line["total"] for line in lines_in(tmp_path)] == [0.5, 2.5, 5.0, 6.5, 8.5, 10.5]


def test_a_run_that_is_complete_is_loaded_and_not_trained(new_task, finished, monkeypatch, equal):
    task = new_task("teacher")
    monkeypatch.setattr(task, "update", no_update)
    run(task, finished)
    assert equal(dict(task.network.state_dict()), checkpoint.load(finished / "last.pt")["task"]["model"])


def test_the_time_of_a_complete_run_is_remembered(new_task, finished):
    assert run(new_task("teacher"), finished) == checkpoint.load(finished / "last.pt")["seconds"] > 0


def test_whoever_listens_hears_what_is_logged(new_task, tmp_path):
    heard = []
    run(new_task("teacher"), tmp_path, on_log=lambda step, values: heard.append((step, values["total"])))
    assert heard == [(line["step"], line["total"]) for line in lines_in(tmp_path)]


# Refusals


@pytest.mark.parametrize(
    ("setting", "value"), [("losses.adv", 0.3), ("optim.teacher_lr", 0.01), ("seed", 5), ("optim.steps", 13)]
)
def test_a_run_with_another_setting_is_refused_by_its_name(new_task, finished, setting, value):
    task = new_task("teacher", **{setting: value})
    with pytest.raises(
        ValueError, match=rf"last\.pt is of a run with other settings \({setting}\): give another out_dir"
    ):
        run(task, finished)


def test_a_run_that_is_only_watched_otherwise_goes_on(new_task, finished, monkeypatch):
    task = new_task("teacher", **{"run.log_every": 3})
    monkeypatch.setattr(task, "update", no_update)
    run(task, finished)


def test_a_folder_that_holds_a_run_is_not_overwritten(new_task, finished):
    with pytest.raises(FileExistsError, match="already holds a run: give another out_dir, or resume=True"):
        run(new_task("teacher"), finished, resume=False)


def test_a_checkpoint_beyond_the_steps_asked_for_is_refused(new_task, finished):
    task = new_task("teacher")
    with pytest.raises(ValueError, match=r"last\.pt is at step 12, beyond the 6 asked for"):
        fit(task, 6, finished, task.config, tensorboard=False, show_progress=False)


def test_a_run_on_another_data_set_is_refused(new_task, finished):
    task = new_task("teacher")
    task.network.head.classify = torch.nn.Linear(16, 99)
    with pytest.raises(ValueError, match=r"last\.pt does not fit this run; is it of another data set\?"):
        run(task, finished)


def test_a_cut_checkpoint_stops_the_run(new_task, finished, tmp_path):
    (tmp_path / "last.pt").write_bytes((finished / "last.pt").read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"last\.pt is not a whole checkpoint .*: delete it and train again"):
        run(new_task("teacher"), tmp_path)


# Not finite


def spoil(task, monkeypatch, at, value):
    update = task.update

    def spoiled(step):
        losses = update(step)
        return losses | {"id_s": torch.tensor(value)} if step == at else losses

    monkeypatch.setattr(task, "update", spoiled)


@pytest.mark.parametrize(("value", "shown"), [(float("nan"), "nan"), (float("inf"), "inf"), (float("-inf"), "-inf")])
def test_a_loss_that_is_not_finite_stops_with_its_name_step_and_mend(new_task, tmp_path, monkeypatch, value, shown):
    task = new_task("teacher")
    spoil(task, monkeypatch, at=2, value=value)
    with pytest.raises(
        NonFiniteLossError, match=rf"teacher: loss 'id_s' is {shown} at step 2\. Try a lower learning rate"
    ):
        run(task, tmp_path)


@pytest.mark.parametrize(("at", "kept"), [(8, 5), (9, 5), (10, 10)])
def test_the_checkpoint_on_disk_is_from_before_the_bad_step(new_task, tmp_path, monkeypatch, at, kept):
    task = new_task("teacher")
    spoil(task, monkeypatch, at=at, value=float("nan"))
    with pytest.raises(NonFiniteLossError, match=r"last\.pt holds the last good step"):
        run(task, tmp_path)
    state = checkpoint.load(tmp_path / "last.pt")
    assert state["step"] == kept
    assert all(value.isfinite().all() for value in state["task"]["model"].values())


def test_a_run_that_fails_before_its_first_checkpoint_says_that_nothing_is_saved(new_task, tmp_path, monkeypatch):
    task = new_task("teacher")
    spoil(task, monkeypatch, at=0, value=float("nan"))
    with pytest.raises(NonFiniteLossError, match="Nothing was saved yet"):
        run(task, tmp_path)
    assert not (tmp_path / "last.pt").exists()


def test_a_learning_rate_far_too_high_is_caught(new_task, tmp_path):
    task = new_task("dgnet", "paper", **{"optim.lr_appearance": 1e30, "optim.lr_generator": 1e30})
    with pytest.raises(NonFiniteLossError, match=r"dgnet: loss '.*' is (nan|inf) at step"):
        run(task, tmp_path)
