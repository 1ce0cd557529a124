"""The fields in which paper and release differ go together in any mix, and each does what it says."""

import copy
import random

import pytest
import torch

from dgnet_lite import losses as L
from dgnet_lite.config import Config
from dgnet_lite.labels import STYLES
from dgnet_lite.presets import RECIPES
from dgnet_lite.training.step import label_of_swap, soft_label

BEFORE, AFTER = 0, 11  # of 12 steps: in the warm-up, and after the ramp
MIXES = 8
ONLY = {"losses.img": 0.0, "losses.code": 0.0, "losses.id_s": 0.0, "losses.id_c": 0.0, "losses.adv": 0.0}


def value_of(config, setting):
    section, _, name = setting.rpartition(".")
    return getattr(getattr(config, section), name)


def choices():
    """Every field of which paper and release, or two readings of the paper, have different values."""
    found = {name: [value_of(Config(), name), release] for name, release in RECIPES["official"].items()}
    return found | {
        "data.positives": ["any", "other_camera"],
        "networks.head_pool": ["max", "avg", "code"],
        "networks.last_stride": [1, 2],
        "networks.code_slices": ["stripe", "channel", "whole"],
        "networks.adain_start": ["kaiming", "instance_norm"],
        "losses.code_ramp": [0.5, 1.0],
        "losses.directions": ["mean", "sum"],
        "losses.judge_frozen": [True, False],
        "losses.punishment_every": [1, 4],
        "losses.teacher_label": list(STYLES),
        "losses.teacher_dropout": [False, True],
        "optim.weight_decay": [5e-4, 0.0],
        "optim.decay": ["steps", "cosine"],
        "optim.lr_steps": [(0.6, 0.9), (0.5, 0.5)],
    }


def mixes():
    """So many that every value of every field is in at least one of them."""
    rng = random.Random(0)
    columns = {}
    for name, values in choices().items():
        columns[name] = [values[k % len(values)] for k in range(MIXES)]
        rng.shuffle(columns[name])
    return [{name: column[k] for name, column in columns.items()} for k in range(MIXES)]


@pytest.mark.parametrize("mix", mixes(), ids=range(MIXES))
def test_any_mix_of_the_recipes_trains(new_task, mix):
    task = new_task("dgnet", "paper", **mix)
    losses = task.update(AFTER)
    assert [name for name, value in losses.items() if not value.isfinite()] == []
    assert [name for name, p in task.model.named_parameters() if not p.isfinite().all()] == []


@pytest.mark.parametrize("mix", mixes(), ids=range(MIXES))
def test_any_mix_of_the_recipes_comes_back_from_its_yaml(mix):
    config = Config.preset("paper", "smoke", **mix)
    assert Config.from_yaml(config.to_yaml()) == config


# The teacher's answer


def soft_labels(teacher, x, **settings):
    return [soft_label(teacher, x, batch_statistics=False, mirror=False, **settings) for _ in range(2)]


def test_the_teacher_drops_nothing_unless_asked(new_task):
    teacher, x = new_task("dgnet").teacher, torch.randn(4, 3, 64, 32)
    assert torch.equal(*soft_labels(teacher, x))


@pytest.mark.parametrize("batch_statistics", [False, True])
def test_dropout_of_the_teacher_changes_the_label_from_one_look_to_the_next(new_task, batch_statistics):
    teacher, x = new_task("dgnet").teacher, torch.randn(4, 3, 64, 32)
    settings = {"batch_statistics": batch_statistics, "mirror": False, "dropout": True}
    assert not torch.equal(soft_label(teacher, x, **settings), soft_label(teacher, x, **settings))


def test_dropout_of_the_teacher_is_off_again_at_the_next_label(new_task):
    teacher, x = new_task("dgnet").teacher, torch.randn(4, 3, 64, 32)
    soft_labels(teacher, x, dropout=True)
    assert torch.equal(*soft_labels(teacher, x))


@pytest.fixture
def labels_seen(monkeypatch):
    """The labels that eq. (8) was given."""
    seen, original = [], L.primary
    monkeypatch.setattr(L, "primary", lambda logits, q: seen.append(q) or original(logits, q))
    return seen


@pytest.mark.parametrize("kind", ["dgnet", "oracle"])
@pytest.mark.parametrize("style", STYLES)
def test_eq_8_gets_the_label_of_its_style(new_task, labels_seen, kind, style, monkeypatch):
    monkeypatch.setitem(STYLES, style, lambda p, y_i, y_j: torch.eye(p.shape[1])[torch.zeros_like(y_i)])
    new_task(kind, **{"losses.teacher_label": style}).update(AFTER)
    assert labels_seen[0].argmax(dim=1).tolist() == [0] * 8


def test_a_one_hot_label_is_of_x_i(new_task, labels_seen):
    task = new_task("dgnet", **{"losses.teacher_label": "one_hot"})
    state = copy.deepcopy(task.batches.state_dict())
    task.update(AFTER)
    task.batches.load_state_dict(state)
    assert torch.equal(labels_seen[0].argmax(dim=1), task.batches.sample().y)


def test_a_one_hot_label_of_a_true_swap_is_of_whoever_gave_the_clothes(new_task, labels_seen):
    task = new_task("oracle", **{"losses.teacher_label": "one_hot"})
    task.compositions = task.compositions._replace(y_i=torch.full_like(task.compositions.y_i, 3))
    task.update(AFTER)
    assert labels_seen[0].argmax(dim=1).tolist() == [3] * 8


def test_the_label_of_a_swap_takes_the_teachers_mode_from_the_config(new_task):
    task = new_task("dgnet", **{"losses.teacher_batch_statistics": True, "losses.teacher_mirror": True})
    x, y = torch.randn(4, 3, 64, 32), torch.arange(4)
    expected = soft_label(task.teacher, x, batch_statistics=True, mirror=True)
    assert torch.equal(label_of_swap(task.teacher, x, y, y.flip(0), task.config.losses), expected)


@pytest.mark.parametrize("batch_statistics", [False, True])
def test_a_label_depends_on_the_batch_only_with_batch_statistics(new_task, batch_statistics):
    teacher, x = new_task("dgnet").teacher, torch.randn(4, 3, 64, 32)
    all_four, first_two = (
        soft_label(teacher, images, batch_statistics=batch_statistics, mirror=False) for images in (x, x[:2])
    )
    assert torch.allclose(all_four[:2], first_two, atol=1e-6) != batch_statistics


# Numbers of the config that a network or an optimizer takes


@pytest.mark.parametrize(("wanted", "images"), [(False, 8), (True, 16)])
def test_eq_3_is_asked_of_the_positives_only_if_wanted(new_task, monkeypatch, wanted, images):
    seen, original = [], L.identification
    monkeypatch.setattr(L, "identification", lambda logits, y: seen.append(len(y)) or original(logits, y))
    new_task("dgnet", "paper", **{"losses.id_on_positives": wanted}).update(BEFORE)
    assert seen == [images, images, 8]  # f_prim and f_fine of real images, then eq. (6)


def test_sgd_and_adam_take_what_the_config_says(new_task):
    settings = {"optim.nesterov": True, "optim.momentum": 0.8, "optim.weight_decay": 0.01}
    optimizers = new_task("dgnet", "paper", **settings).optimizers
    taken = [(g["nesterov"], g["momentum"], g["weight_decay"]) for g in optimizers["E_a"].param_groups]
    assert taken == [(True, 0.8, 0.01)] * 2
    assert [g["weight_decay"] for name in ("E_s+G", "D") for g in optimizers[name].param_groups] == [0.01, 0.01]


def test_the_dropouts_are_those_of_the_config(new_task):
    settings = {"networks.dropout_prim": 0.1, "networks.dropout_fine": 0.2, "networks.dropout_teacher": 0.3}
    task = new_task("dgnet", "paper", **settings)
    assert [head.dropout.p for head in (task.model.E_a.prim, task.model.E_a.fine, task.teacher.head)] == [0.1, 0.2, 0.3]


@pytest.mark.parametrize(("stride", "rows"), [(1, 8), (2, 4)])
def test_the_teacher_has_a_stride_and_a_pool_of_its_own(new_task, stride, rows):
    teacher = new_task("dgnet", **{"networks.teacher_last_stride": stride, "networks.teacher_pool": "avg"}).teacher
    x = torch.randn(2, 3, 64, 32)
    feature_map = teacher.eval().backbone(x)
    assert feature_map.shape[2] == rows
    torch.testing.assert_close(teacher.head.embed(feature_map.mean(dim=(2, 3))), teacher.features(x)[0])


def test_a_rare_punishment_weighs_as_much_more(new_task, monkeypatch):
    monkeypatch.setattr(L, "gradient_punishment", lambda real, x: x.new_tensor(100.0) + 0 * real[0].sum())
    settings = {"losses.punishment": 0.5, "optim.bfloat16": False}
    rare, none = (
        [new_task("dgnet", "paper", **settings | more).update(step)["D"].item() for step in (0, 1)]
        for more in ({"losses.punishment_every": 4}, {"losses.punishment": 0.0})
    )
    assert [a - b for a, b in zip(rare, none, strict=True)] == pytest.approx([0.5 * 4 * 100, 0.0], abs=1e-2)


# Who judges


@pytest.mark.parametrize("on", [{"losses.id_c": 0.5}, {"losses.code": 1.0}], ids=["eq. 6", "eqs. 4 and 5"])
@pytest.mark.parametrize("frozen", [True, False])
def test_e_a_learns_from_judging_only_if_it_is_not_frozen(new_task, on, frozen):
    settings = ONLY | on | {"losses.judge_frozen": frozen, "losses.code_detached": True, "optim.weight_decay": 0.0}
    task = new_task("dgnet", "paper", **settings)
    before = [p.detach().clone() for p in task.model.E_a.backbone.parameters()]
    task.update(BEFORE)
    after = task.model.E_a.backbone.parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True)) == frozen
