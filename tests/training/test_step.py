"""One update of DG-Net: which losses there are, what they are worth, and who learns from them."""

import copy

import pytest
import torch
import torch.nn.functional as F

from dgnet_lite import losses as L
from dgnet_lite.data.batches import normalise
from dgnet_lite.networks.structure import grey
from dgnet_lite.schedule import loss_weights
from dgnet_lite.training import precision
from dgnet_lite.training.step import soft_label

BEFORE, AFTER = 0, 11  # of 12 steps: in the warm-up, and after the ramp
ALWAYS = {"D", "img1", "img2", "id_s", "fine_real", "adv", "id_c", "code1", "total"}
OFF = {"losses.img": 0.0, "losses.code": 0.0, "losses.id_s": 0.0, "losses.id_c": 0.0, "losses.adv": 0.0}
OFF |= {"losses.prim": 0.0, "losses.cycle": 0.0}
NO_CHANCE = {"networks.dropout_prim": 0.0, "networks.dropout_fine": 0.0, "optim.bfloat16": False}


def parameters(module):
    return {name: p.detach().clone() for name, p in module.named_parameters()}


def changed(task, before):
    """The networks of which a parameter is not as it was."""
    after = {name: parameters(getattr(task.model, name)) for name in before}
    return {name for name in before if any(not torch.equal(before[name][k], after[name][k]) for k in before[name])}


def snapshot(task):
    return {name: parameters(getattr(task.model, name)) for name in ("E_a", "E_s", "G", "D")}


# Which losses


@pytest.mark.parametrize(
    ("recipe", "step", "more"),
    [
        ("paper", BEFORE, {"code2"}),
        ("paper", AFTER, {"code2", "prim", "fine"}),
        ("official", BEFORE, set()),
        ("official", AFTER, {"code2", "prim", "fine", "cycle"}),
    ],
)
def test_an_update_reports_the_losses_that_act_at_its_step(new_task, recipe, step, more):
    assert set(new_task("dgnet", recipe).update(step)) == ALWAYS | more


@pytest.mark.parametrize("recipe", ["paper", "official"])
@pytest.mark.parametrize("step", [BEFORE, AFTER])
def test_the_total_is_the_weighted_sum_of_eq_10(new_task, recipe, step):
    task = new_task("dgnet", recipe)
    losses = task.update(step)
    weights = loss_weights(step, task.config.losses, task.config.optim.steps)
    expected = sum(weights[name] * losses[name].item() for name in losses.keys() & weights.keys())
    assert losses["total"].item() == pytest.approx(expected, rel=1e-5)


FLIPS = [
    {"data.erasing": 0.5},
    {"data.partners": "any"},
    {"data.positives": "any"},
    {"losses.cycle": 2.0},
    {"losses.code_from_start": False},
    {"losses.adversarial": "lsgan"},
    {"losses.adversarial": "log"},
    {"losses.code_detached": True},
    {"losses.code_detached": False},
    {"losses.code1_trains_generator": False},
    {"losses.code1_trains_generator": True},
    {"losses.code2_alternates": True},
    {"losses.code2_alternates": False},
    {"losses.id_on_positives": True},
    {"losses.id_on_positives": False},
    {"losses.fine_on_real": True},
    {"losses.fine_on_real": False},
    {"losses.teacher_batch_statistics": True},
    {"losses.teacher_batch_statistics": False},
    {"losses.teacher_mirror": True},
    {"losses.teacher_mirror": False},
    {"losses.punishment": 0.0},
    {"losses.punishment_every": 1},
    {"networks.aspp": True},
    {"networks.code_slices": "stripe"},
    {"networks.code_slices": "channel"},
    {"networks.head_pool": "avg"},
    {"networks.adain_start": "kaiming"},
    {"networks.downsamplings": 2},
    {"optim.bfloat16": False},
    {"optim.channels_last": False},
    {"optim.nesterov": True},
    {"losses.prim": 0.0},
    {"losses.adv": 0.0},
    {"losses.code": 0.0},
]


@pytest.mark.parametrize("recipe", ["paper", "official"])
@pytest.mark.parametrize("flip", FLIPS, ids=lambda flip: "-".join(f"{k}={v}" for k, v in flip.items()))
def test_losses_are_finite_whichever_switch_is_flipped(new_task, recipe, flip):
    losses = new_task("dgnet", recipe, **flip).update(AFTER)
    assert [name for name, value in losses.items() if not value.isfinite()] == []


# What they are worth: each equation again, written out from the paper, in float32 and without dropout


@pytest.fixture(scope="module")
def worked_out(new_task):
    """The losses of one update in the order of the paper, and the same worked out with a copy of the networks."""
    task = new_task("dgnet", "paper", **NO_CHANCE)
    e_a, e_s, g, d = (copy.deepcopy(getattr(task.model, name)).train() for name in ("E_a", "E_s", "G", "D"))
    state = copy.deepcopy(task.batches.state_dict())
    reported = {name: value.item() for name, value in task.update(AFTER).items()}

    again = copy.deepcopy(task.batches)
    again.load_state_dict(state)
    batch = again.sample()
    both = e_a(torch.cat([batch.x_i, batch.x_t]))
    n = len(batch.y)
    a_i, a_t, s_i = both.code[:n], both.code[n:], e_s(grey(batch.x_i))
    s_j = e_s(grey(batch.x_j))
    swap = g(s_j, a_i).detach()
    judged = e_a(swap)
    task.teacher.eval()
    expected = {
        "img1": (g(s_i, a_i) - batch.x_i).abs().mean(),
        "img2": (g(s_i, a_t) - batch.x_i).abs().mean(),
        "id_s": -both.logits_prim[:n].log_softmax(1).gather(1, batch.y[:, None]).mean(),
        "code1": (judged.code - a_i).abs().mean(),
        "code2": (e_s(grey(swap)) - s_j).abs().mean(),
        "id_c": -judged.logits_prim.log_softmax(1).gather(1, batch.y[:, None]).mean(),
        "adv": sum(-F.logsigmoid(p).mean() for p in task.model.D(swap)),  # by the D that has just learnt
        "D": sum(-F.logsigmoid(p).mean() for p in d(batch.x_i)) - sum(F.logsigmoid(-p).mean() for p in d(swap)),
        "prim": (
            task.teacher(swap).softmax(1) * (task.teacher(swap).log_softmax(1) - judged.logits_prim.log_softmax(1))
        )
        .sum(1)
        .mean(),
        "fine": -judged.logits_fine.log_softmax(1).gather(1, batch.y_j[:, None]).mean(),
    }
    return reported, {name: value.item() for name, value in expected.items()}


@pytest.mark.parametrize("name", ["img1", "img2", "id_s", "code1", "code2", "id_c", "adv", "D", "prim", "fine"])
def test_a_loss_is_the_equation_of_the_paper(worked_out, name):
    reported, expected = worked_out
    assert reported[name] == pytest.approx(expected[name], rel=1e-3, abs=1e-5)


def test_the_cycle_comes_back_to_x_i_from_swaps_alone(new_task):
    settings = NO_CHANCE | {"losses.cycle": 1.0}
    task = new_task("dgnet", "paper", **settings)
    e_a, e_s, g = (copy.deepcopy(getattr(task.model, name)).train() for name in ("E_a", "E_s", "G"))
    state = copy.deepcopy(task.batches.state_dict())
    reported = task.update(AFTER)["cycle"].item()
    task.batches.load_state_dict(state)
    batch = task.batches.sample()
    swap = g(e_s(grey(batch.x_j)), e_a(torch.cat([batch.x_i, batch.x_t])).code[: len(batch.y)])
    wears, stands = e_a(swap).code, e_s(grey(swap))
    total = 0.0
    for k in range(len(batch.y)):
        (body,) = (batch.partner == k).nonzero(as_tuple=True)  # the swap that was given the body of x_k
        total += (g(stands[body], wears[k : k + 1]) - batch.x_i[k]).abs().mean().item()
    assert reported == pytest.approx(total / len(batch.y), rel=1e-3)


# Who learns


def test_the_first_step_of_an_update_moves_d_alone_and_the_second_all_others(new_task, monkeypatch):
    task = new_task("dgnet", "paper")
    moved, move = [], task.move

    def watched(*names):
        before = snapshot(task)
        move(*names)
        moved.append(changed(task, before))

    monkeypatch.setattr(task, "move", watched)
    task.update(AFTER)
    assert moved == [{"D"}, {"E_a", "E_s", "G"}]


@pytest.mark.parametrize(
    ("recipe", "on", "expected"),
    [
        ("official", {"losses.img": 5.0}, {"E_s", "G"}),
        ("official", {"losses.adv": 1.0}, {"E_s", "G"}),
        ("official", {"losses.id_c": 0.5}, {"E_s", "G"}),
        ("official", {"losses.cycle": 2.0}, {"E_s", "G"}),
        ("paper", {"losses.img": 5.0}, {"E_a", "E_s", "G"}),
        ("paper", {"losses.adv": 1.0}, {"E_a", "E_s", "G"}),
        ("paper", {"losses.id_s": 1.0}, {"E_a"}),
        ("paper", {"losses.prim": 2.0}, {"E_a"}),
        ("official", {"losses.prim": 2.0}, {"E_a"}),
    ],
)
def test_who_learns_from_which_loss(new_task, recipe, on, expected):
    task = new_task("dgnet", recipe, **(OFF | on))
    before = snapshot(task)
    if "losses.cycle" in on or "losses.prim" in on:
        task.update(AFTER)
    else:
        task.update(BEFORE)
    assert changed(task, before) - {"D"} == expected


@pytest.mark.parametrize(("recipe", "gradient"), [("paper", True), ("official", False)])
def test_eq_4_has_a_gradient_in_the_paper_and_none_in_the_release(new_task, recipe, gradient, monkeypatch):
    sides, original = [], L.code_reconstruction

    def watched(code, code_of_fake):
        sides.append((code.requires_grad, code_of_fake.requires_grad))
        return original(code, code_of_fake)

    monkeypatch.setattr(L, "code_reconstruction", watched)
    new_task("dgnet", recipe).update(AFTER)
    assert sides[0] == (False, gradient)


def who_learns_of_the_structure(task, swap, which):
    task.model.zero_grad()
    swap.grad = None
    task._structure_of_fake(swap, alternates=True)[which].square().sum().backward()
    return swap.grad is not None, next(task.model.E_s.parameters()).grad is not None


def test_eq_5_of_the_release_trains_e_s_or_g_and_each_in_its_turn(new_task):
    task, swap = new_task("dgnet", "official"), torch.randn(2, 3, 64, 32, requires_grad=True)
    assert {who_learns_of_the_structure(task, swap, 1) for _ in range(20)} == {(True, False), (False, True)}


def test_whatever_the_coin_says_the_cycle_trains_e_s_and_g(new_task):
    task, swap = new_task("dgnet", "official"), torch.randn(2, 3, 64, 32, requires_grad=True)
    assert {who_learns_of_the_structure(task, swap, 0) for _ in range(20)} == {(True, True)}


@pytest.mark.parametrize("recipe", ["paper", "official"])
@pytest.mark.parametrize("code_detached", [False, True])
@pytest.mark.parametrize("erasing", [0.0, 0.5])
def test_in_bfloat16_all_parameters_learn_too(new_task, monkeypatch, recipe, code_detached, erasing):
    """Autocast keeps cast weights. One that was cast where nothing is recorded would keep the gradient from all."""
    in_bfloat16(monkeypatch)
    task = new_task("dgnet", recipe, **{"losses.code_detached": code_detached, "data.erasing": erasing})
    task.update(AFTER)
    assert [name for name, p in task.model.named_parameters() if p.grad is None] == []


def test_in_bfloat16_g_is_judged_by_the_d_that_has_just_learnt(new_task, monkeypatch):
    in_bfloat16(monkeypatch)
    rates = {"optim.lr_discriminator": 0.05, "losses.punishment_every": 4}
    task = new_task("dgnet", "paper", **rates)
    judged, generator_loss = [], task.generator_loss

    def watched(patches):
        judged.append([p.detach().float() for p in patches])
        return generator_loss(patches)

    swaps = []
    task.model.D.register_forward_pre_hook(lambda _, x: swaps.append(x[0].detach()))
    task.generator_loss = watched
    task.update(AFTER)  # 11 is no multiple of 4: D is not punished, and works in bfloat16
    with task.autocast(), torch.no_grad():
        expected = task.model.D(swaps[-1])
    torch.testing.assert_close(judged[0], [p.float() for p in expected], rtol=0, atol=0)


def in_bfloat16(monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_pays", lambda device: True)


@pytest.mark.parametrize("batch_statistics", [False, True])
def test_the_teacher_stays_as_it_is(new_task, equal, batch_statistics):
    task = new_task("dgnet", "official", **{"losses.teacher_batch_statistics": batch_statistics})
    before = copy.deepcopy(task.teacher.state_dict())
    for step in (10, 11):
        task.update(step)
    assert equal(dict(task.teacher.state_dict()), dict(before))


@pytest.mark.parametrize("recipe", ["paper", "official"])
def test_the_running_statistics_of_e_a_see_real_images_only(new_task, equal, recipe):
    task = new_task("dgnet", recipe, **{"data.erasing": 0.0})
    real_only, state = copy.deepcopy(task.model.E_a).train(), copy.deepcopy(task.batches.state_dict())
    task.update(AFTER)
    after = copy.deepcopy(dict(task.model.E_a.named_buffers()))
    task.batches.load_state_dict(state)
    batch = task.batches.sample()
    with task.autocast():
        real_only(torch.cat([batch.x_i, batch.x_t]))
    assert equal(after, dict(real_only.named_buffers()))


def test_only_the_e_a_that_judges_swaps_drops_nothing(new_task):
    task, dropping = new_task("dgnet", "paper"), []
    for head in (task.model.E_a.prim, task.model.E_a.fine):
        head.dropout.register_forward_hook(lambda layer, _, __: dropping.append(layer.training))
    task.update(AFTER)
    assert dropping == [True, True, False, False, True, True]  # both heads: real images, judging, feeding back


def test_all_parameters_can_learn_again_after_an_update(new_task):
    task = new_task("dgnet", "official")
    task.update(AFTER)
    assert all(p.requires_grad for p in task.model.parameters())


# Soft labels, rates, pictures


@pytest.mark.parametrize("batch_statistics", [False, True])
@pytest.mark.parametrize("mirror", [False, True])
def test_soft_labels_are_probabilities_without_chance(new_task, batch_statistics, mirror):
    teacher, x = new_task("dgnet").teacher, torch.randn(4, 3, 64, 32)
    q = [soft_label(teacher, x, batch_statistics=batch_statistics, mirror=mirror) for _ in range(2)]
    torch.testing.assert_close(q[0].sum(dim=1), torch.ones(4))
    torch.testing.assert_close(q[0], q[1], rtol=0, atol=0)


def test_a_mirrored_soft_label_is_the_mean_of_both_views(new_task):
    teacher, x = new_task("dgnet").teacher.eval(), torch.randn(4, 3, 64, 32)
    with torch.no_grad():
        expected = (teacher(x).softmax(1) + teacher(x.flip(3)).softmax(1)) / 2
    torch.testing.assert_close(soft_label(teacher, x, batch_statistics=False, mirror=True), expected)


def test_the_heads_of_the_release_learn_ten_times_as_fast_as_the_backbone(new_task):
    task = new_task("dgnet", "official", **{"optim.lr_appearance": 0.002, "optim.lr_rise": 0})
    task.update(BEFORE)
    assert [group["lr"] for group in task.optimizers["E_a"].param_groups] == pytest.approx([0.002, 0.02])


def test_the_rates_are_those_of_the_step(new_task):
    settings = {"optim.decay": "steps", "optim.lr_rise": 0, "optim.lr_generator": 1e-4}
    task = new_task("dgnet", "paper", **settings)
    rates = []
    for step in (0, 8, 11, 0):  # of 12
        task._set_rates(step)
        rates.append(task.optimizers["E_s+G"].param_groups[0]["lr"])
    assert rates == pytest.approx([1e-4, 1e-5, 1e-6, 1e-4])


def test_the_pictures_for_the_tracker_are_rows_of_givers_and_swaps(new_task):
    task = new_task("dgnet")
    rows = task.images(4)
    x_i, x_j, swaps = rows.chunk(3)
    assert torch.equal(x_i, task.batches.images[::16][:4])
    assert torch.equal(x_j, x_i.roll(1, dims=0))
    assert torch.equal(swaps, denormalised(task.model.eval().swap(normalise(x_i), normalise(x_j))))


def denormalised(x):
    from dgnet_lite.data.batches import denormalise

    return denormalise(x)
