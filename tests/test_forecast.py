"""What a run will cost: measured, without leaving a trace, and only for what is left."""

import time
from dataclasses import replace

import pytest
import torch

from dgnet_lite.config import Config
from dgnet_lite.forecast import Forecast, Training, forecast
from dgnet_lite.study import Study
from dgnet_lite.training.step import DGNetTask
from dgnet_lite.training.teacher import TeacherTask


@pytest.fixture
def study(smoke_data, tmp_path):
    config = Config.preset("official", "smoke", **{"optim.steps": 10, "run.checkpoint_every": 4})
    return Study(config, smoke_data, tmp_path / "seed0", tensorboard=False, progress=False)


def test_every_training_is_measured_and_nothing_is_written(study):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    found = forecast([study], ("one_head", "oracle"), show_progress=False)
    assert [t.name for t in found.trainings] == ["teacher", "dgnet", "one_head", "oracle"]
    assert all(t.seconds_a_step > 0 for t in found.trainings)
    assert found.memory_gib > 0.1
    assert not study.folder.exists()
    torch.testing.assert_close(torch.rand(3), expected)  # and the random numbers are as before


def test_what_is_trained_does_not_count_for_that_seed_and_what_was_interrupted_counts_in_part(study, monkeypatch):
    update = DGNetTask.update

    def interrupted(self, step):
        if step == 6:
            raise KeyboardInterrupt
        return update(self, step)

    teacher = study.teacher()
    with monkeypatch.context() as patch:
        patch.setattr(DGNetTask, "update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            study.dgnet(teacher)
    other = replace(study, folder=study.folder.with_name("seed1"))
    teacher, dgnet = forecast([study, other], show_progress=False).trainings
    assert (teacher.steps, teacher.left) == (2 * 12, 12)
    assert (dgnet.steps, dgnet.left) == (2 * 10, 10 - 4 + 10)


def test_steps_before_and_after_the_warm_up_count_by_their_parts_of_the_run(study, monkeypatch):
    clock = [0.0]

    def update(self, step):
        clock[0] += 10.0 if step == 0 else 20.0
        return {"total": torch.zeros(())}

    for task in (TeacherTask, DGNetTask):
        monkeypatch.setattr(task, "update", update)
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    for training in forecast([study], show_progress=False).trainings:
        assert training.seconds_a_step == pytest.approx(0.3 * 10 + 0.7 * 20)


def test_nothing_is_compiled_to_be_measured(study, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda *_, **__: pytest.fail("compiled"))
    forecast([replace(study, config=study.config.replace(**{"optim.compile": "default"}))], show_progress=False)


def test_the_sum_is_said_in_words_and_in_a_table():
    found = Forecast((Training("teacher", 100, 60, 2.0), Training("dgnet", 100, 100, 60.0)), 3.21, "this process")
    assert found.minutes == pytest.approx(2 + 100)
    assert "About 102.0 minutes (1.7 hours) of training are left" in str(found)
    assert "3.2 GiB of this process" in str(found)
    assert found.table().loc["teacher", "minutes left"] == pytest.approx(2.0)
    assert str(replace(found, trainings=())).startswith("Everything is trained already")
