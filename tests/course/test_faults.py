"""The planted faults of lesson 10 are what they say, and nothing else differs from a correct run."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
import torch

from dgnet_lite.course import faults
from dgnet_lite.course.alarms import ALARMS, Observed
from dgnet_lite.dgnet import build_teacher

FED_BACK = 9
"""A step of the scale `smoke` after the ramp."""


@pytest.fixture(scope="module")
def setting():
    return faults.config_of("smoke")


@pytest.fixture(scope="module")
def teacher(setting, smoke_data):
    torch.manual_seed(0)
    return build_teacher(setting.networks, smoke_data.num_ids)


@pytest.fixture
def task(setting, smoke_data, teacher):
    return lambda fault: faults.task_with(fault, smoke_data, deepcopy(teacher), setting)


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


@pytest.mark.parametrize("fault", ["range", "teacher", "detach"])
def test_a_fault_starts_from_the_weights_of_a_correct_run(task, fault):
    assert same(task(fault).model, task("none").model)


@pytest.mark.parametrize("fault", ["teacher", "detach"])
def test_before_the_feedback_nothing_differs(task, fault):
    right, wrong = task("none").update(0), task(fault).update(0)
    assert all(torch.equal(right[name], wrong[name]) for name in right)


def test_a_correct_picture_leaves_the_range_of_a_tanh_and_the_faulty_one_cannot(task):
    for fault, within in (("none", False), ("range", True)):
        model = task(fault).model
        x = torch.randn(4, 3, 64, 32)
        assert bool((3 * model.swap(x, x)).abs().max() <= 3) == within


@pytest.mark.parametrize(("fault", "moved"), [("none", False), ("teacher", True)])
def test_the_teacher_moves_when_it_was_left_in_training_mode(task, teacher, fault, moved):
    it = task(fault)
    it.update(FED_BACK)
    assert same(it.teacher, teacher) != moved


@pytest.mark.parametrize(("fault", "reached"), [("none", False), ("detach", True)])
def test_g_learns_from_what_is_fed_back_when_detach_is_missing(task, fault, reached):
    it = task(fault)
    batch = it.batches.sample()
    with it.autocast():
        swap = it.model.swap(batch.x_i, batch.x_i[batch.partner])
        losses = it._feed_back(batch, swap)
    (losses["prim"] + losses["fine"]).backward()
    assert any(p.grad is not None for p in it.model.G.parameters()) == reached


@pytest.mark.parametrize("fault", list(faults.TASKS))
def test_each_alarm_rings_at_its_fault_and_at_nothing_else(task, fault):
    rings = {name: alarm(Observed(task(fault))) for name, alarm in ALARMS.items()}
    assert rings == {name: name == fault for name in ALARMS}


def test_an_unknown_fault_is_refused(task):
    with pytest.raises(ValueError, match="unknown fault 'colour'; known: none, range, teacher, detach"):
        task("colour")


def test_curves_hold_every_loss_and_reading(smoke_data, teacher, setting):
    found = faults.curves("none", smoke_data, deepcopy(teacher), setting, progress=False)
    assert {"img1", "prim", "D", "mAP", "clothes", "teacher"} <= set(found)
    assert found["img1"]["step"] == [1, 3, 5, 7, 9, 11]
    assert all(len(each["step"]) == len(each["value"]) for each in found.values())


def test_without_stored_curves_the_command_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"python -m dgnet_lite\.course\.faults"):
        faults.read_stored(tmp_path / "faults.json")


def test_stored_curves_are_of_every_fault():
    runs = faults.read_stored()
    assert set(runs) == set(faults.TASKS)
    about = json.loads(faults.STORED.read_text())
    assert about["command"].startswith("python -m dgnet_lite.course.faults")


@pytest.mark.parametrize("argument", [["colour"], ["--scale", "full"]])
def test_wrong_arguments_end_before_anything_is_trained(argument, capsys):
    with pytest.raises(SystemExit):
        faults.main(argument)
    assert "colour" in capsys.readouterr().err or argument[0] == "--scale"
