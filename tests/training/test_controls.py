"""The teacher, the fair controls and the oracle."""

import copy

import pytest
import torch

from dgnet_lite.training.teacher import ControlTask

AFTER = 11  # the last of 12 steps


def moved(module, before):
    return any(not torch.equal(p, before[name]) for name, p in module.named_parameters())


def before(module):
    return {name: p.detach().clone() for name, p in module.named_parameters()}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("teacher", {"id_s", "total"}),
        ("one_head", {"id_s", "total"}),
        ("two_heads", {"id_s", "fine_real", "total"}),
        ("oracle", {"id_s", "fine_real", "prim", "fine", "total"}),
    ],
)
def test_a_task_reports_its_losses(new_task, kind, expected):
    assert set(new_task(kind).update(AFTER)) == expected


@pytest.mark.parametrize("recipe", ["paper", "official"])
@pytest.mark.parametrize(
    ("kind", "prim", "fine"), [("one_head", True, False), ("two_heads", True, True), ("oracle", True, True)]
)
def test_each_control_trains_the_heads_of_its_name(new_task, recipe, kind, prim, fine):
    task = new_task(kind, recipe)
    prim_before, fine_before = before(task.network.prim), before(task.network.fine)
    task.update(AFTER)
    assert (moved(task.network.prim, prim_before), moved(task.network.fine, fine_before)) == (prim, fine)


def test_the_fine_head_waits_for_the_warm_up_as_in_dg_net(new_task):
    task = new_task("two_heads")
    fine_before = before(task.network.fine)
    task.update(0)
    assert not moved(task.network.fine, fine_before)


def test_the_oracle_leaves_the_teacher_and_the_running_statistics_to_real_images(new_task, equal):
    task, plain = new_task("oracle"), new_task("two_heads")
    teacher = copy.deepcopy(dict(task.teacher.state_dict()))
    task.update(AFTER)
    plain.update(AFTER)
    assert equal(dict(task.teacher.state_dict()), teacher)
    assert equal(dict(task.network.named_buffers()), dict(plain.network.named_buffers()))


def test_the_oracle_learns_whose_body_it_sees_with_the_fine_head(new_task, monkeypatch):
    from dgnet_lite import losses as L

    task, seen = new_task("oracle"), []
    task.compositions = task.compositions._replace(y_j=torch.full_like(task.compositions.y_j, 5))
    original = L.fine_grained
    monkeypatch.setattr(L, "fine_grained", lambda logits, y: seen.append(y) or original(logits, y))
    task.update(AFTER)
    assert seen[0].tolist() == [5] * 8


def test_controls_see_the_batches_of_dg_net(new_task):
    control, dgnet = new_task("two_heads"), new_task("dgnet")
    for step in range(3):
        control.update(step)
        dgnet.update(step)
    assert torch.equal(control.batches.sample().index, dgnet.batches.sample().index)


def test_erased_images_train_too(new_task):
    losses = new_task("two_heads", "official", **{"data.erasing": 1.0}).update(AFTER)
    assert all(value.isfinite() for value in losses.values())


def test_the_oracle_wants_its_compositions(new_task):
    task = new_task("two_heads")
    with pytest.raises(ValueError, match="the oracle needs a teacher and true compositions"):
        ControlTask(task.network, task.batches, task.config, "oracle", task.teacher)
