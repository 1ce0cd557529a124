"""A training step of the recipe "official" is what is known of the release, stated again from scratch.

`Release` below is slow and unfused: each direction and each image group by itself, E_a deep-copied to be frozen, own
losses, SGD and Adam written out. It shares the networks, the batches and the erasing with the package, nothing else.
The numbers of the schedule are the release's own (30,000; 0.0005 a step; 60,000 and 90,000), on small networks.

Everything is computed in float64: Adam divides a gradient by its own size, so that where a gradient is 0 (a bias before
an instance norm), float32 would compare rounding errors. Dropout is 0, since two passes cannot draw alike; that the
judging E_a drops nothing is tested in test_step.py.

Where our step means something else than the release, on purpose, it is our meaning that is stated here:
- One pass of E_a sees all 32 real images, one all 16 swaps (release: groups of 8, each normalised by itself). So
  BatchNorm has these statistics, and the groups are cut out afterwards.
- What D minimises is the mean over the directions i -> j and j -> i (release: their sum; for Adam the same, but for
  the weight decay). What the others minimise is stated both ways, `losses.directions`.
- Generated images leave the running statistics of E_a alone.
"""

import copy

import pytest
import torch
from torch import Tensor

from dgnet_lite.config import Config
from dgnet_lite.data.batches import random_erasing
from dgnet_lite.dgnet import DGNet, build_teacher
from dgnet_lite.presets import SCALES
from dgnet_lite.training.step import DGNetTask

SMALL = {k: v for k, v in SCALES["smoke"].items() if k.startswith("networks.")}
SMALL |= {"networks.aspp": True, "networks.code_slices": "channel", "networks.adain_start": "kaiming"}
SMALL |= {"networks.dropout_prim": 0.0, "networks.dropout_fine": 0.0, "networks.dropout_teacher": 0.0}
SMALL |= {"data.height": 64, "data.pad": 2, "optim.batch_size": 4, "optim.bfloat16": False}

STEPS = [0, 30_000, 30_001, 33_999, 34_000, 60_000, 90_000]
"""Run one after the other: before the ramp, in it, after it, and with lower learning rates."""


def mean(*terms: Tensor) -> Tensor:
    return sum(terms) / len(terms)


def distance(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).abs().mean()


def nll(logits: Tensor, y: Tensor) -> Tensor:
    return -torch.log(logits.exp() / logits.exp().sum(dim=1, keepdim=True))[range(len(y)), y].mean()


def kl(q: Tensor, logits: Tensor) -> Tensor:
    p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    return (q * (q / p).log()).sum(dim=1).mean()


def without_gradient(network):
    twin = copy.deepcopy(network)
    for p in twin.parameters():
        p.requires_grad = False
    return twin


def gradients(loss: Tensor, **networks):
    """(name, parameter, gradient) of the parameters of these networks that the loss depends on; others stay."""
    named = [(f"{k}.{name}", p) for k, network in networks.items() for name, p in network.named_parameters()]
    found = torch.autograd.grad(loss, [p for _, p in named], allow_unused=True)
    return [(name, p, gradient) for (name, p), gradient in zip(named, found, strict=True) if gradient is not None]


class Release:
    """Twins of a task's networks, and the release's step for them."""

    def __init__(self, task: DGNetTask, directions: str) -> None:
        self.directions = directions
        self.E_a, self.E_s, self.G, self.D = (
            copy.deepcopy(getattr(task.model, name)).train() for name in ("E_a", "E_s", "G", "D")
        )
        self.teacher = without_gradient(task.teacher).train()
        self.batches = copy.deepcopy(task.batches)
        self.momentum: dict[str, Tensor] = {}
        self.squares: dict[str, Tensor] = {}
        self.adam_steps: dict[str, int] = {}
        self.coins: list[str] = []

    def structure(self, x: Tensor, encoder=None) -> Tensor:
        grey = (x[:, 0] + x[:, 1] + x[:, 2]) / 3
        return (encoder or self.E_s)(grey[:, None])

    def update(self, step: int) -> dict[str, float]:
        batch = self.batches.sample()
        n = len(batch.y) // 2  # images i of the first loader, images j of the second
        x_i, x_j, t_i, t_j = batch.x_i[:n], batch.x_i[n:], batch.x_t[:n], batch.x_t[n:]
        y_i, y_j = batch.y[:n], batch.y[n:]
        decay = 0.1 if 60_000 <= step < 90_000 else 0.01 if step >= 90_000 else 1.0

        code = self.E_a(torch.cat([x_i, x_j, t_i, t_j])).code.detach()
        a_i, a_j, a_t_i, a_t_j = code.split(n)
        s_i, s_j = self.structure(x_i), self.structure(x_j)
        x_ij, x_ji = self.G(s_j, a_i), self.G(s_i, a_j)  # the clothes of i on the body of j, and the reverse

        losses = {"D": mean(self.loss_of_d(x_i, x_ij.detach()), self.loss_of_d(x_j, x_ji.detach()))}
        for name, p, gradient in gradients(losses["D"], D=self.D):
            self.adam(name, p, gradient, 1e-4 * decay)

        losses["img1"] = mean(distance(self.G(s_i, a_i), x_i), distance(self.G(s_j, a_j), x_j))
        losses["img2"] = mean(distance(self.G(s_i, a_t_i), x_i), distance(self.G(s_j, a_t_j), x_j))

        erased = random_erasing(torch.cat([batch.x_i, batch.x_t]), 0.5, self.batches.generator)
        groups = range(0, 4 * n, n)
        y_of = [y_i, y_j, y_i, y_j]
        real = self.E_a(erased)
        losses["id_s"] = mean(*(nll(real.logits_prim[g : g + n], y) for g, y in zip(groups, y_of, strict=True)))
        losses["fine_real"] = mean(*(nll(real.logits_fine[g : g + n], y) for g, y in zip(groups, y_of, strict=True)))

        losses["adv"] = mean(*(sum(((score - 1) ** 2).mean() for score in self.D(x)) for x in (x_ij, x_ji)))

        judged = without_gradient(self.E_a)(torch.cat([x_ij, x_ji]))
        losses["id_c"] = mean(nll(judged.logits_prim[:n], y_i), nll(judged.logits_prim[n:], y_j))
        a_of_ij, a_of_ji = judged.code.detach().split(n)
        losses["code1"] = mean(distance(a_of_ij, a_i), distance(a_of_ji, a_j))

        rise = 0.0005 * max(0, step - 30_000)
        code_weight, prim_weight, cycle_weight = min(1.0, rise), min(2.0, rise), min(2.0, rise)
        statistics = {name: buffer.clone() for name, buffer in self.E_a.named_buffers()}  # of real images
        if rise > 0:
            if torch.rand((), generator=self.batches.generator) < 0.5:
                self.coins.append("E_s learns")
                s_of_ij, s_of_ji = self.structure(x_ij.detach()), self.structure(x_ji.detach())
            else:
                self.coins.append("the swap learns")
                twin = without_gradient(self.E_s)
                s_of_ij, s_of_ji = self.structure(x_ij, twin), self.structure(x_ji, twin)
            losses["code2"] = mean(distance(s_of_ij, s_j.detach()), distance(s_of_ji, s_i.detach()))

            back_to_i = self.G(self.structure(x_ji), a_of_ij)  # the body of i is in x_ji, its clothes are in x_ij
            back_to_j = self.G(self.structure(x_ij), a_of_ji)
            losses["cycle"] = mean(distance(back_to_i, x_i), distance(back_to_j, x_j))

            fakes = torch.cat([x_ij, x_ji]).detach()
            q = (self.teacher(fakes).softmax(dim=1) + self.teacher(fakes.flip(3)).softmax(dim=1)) / 2
            student = self.E_a(fakes)
            losses["prim"] = mean(kl(q[:n], student.logits_prim[:n]), kl(q[n:], student.logits_prim[n:]))
            losses["fine"] = mean(nll(student.logits_fine[:n], y_j), nll(student.logits_fine[n:], y_i))

        two, four = (2, 4) if self.directions == "sum" else (1, 1)
        total = two * (5 * losses["img1"] + 5 * losses["img2"] + 0.5 * losses["id_c"] + 2 * losses["adv"])
        total = total + four * losses["id_s"]
        if rise > 0:
            total = total + two * (code_weight * (losses["code1"] + losses["code2"]) + cycle_weight * losses["cycle"])
            total = total + two * prim_weight * (losses["prim"] + 0.2 * losses["fine"])
            total = total + four * 0.2 * prim_weight * losses["fine_real"]
        for name, p, gradient in gradients(total, E_a=self.E_a, E_s=self.E_s, G=self.G):
            if name.startswith("E_a"):
                self.sgd(name, p, gradient, decay * (0.002 if "backbone" in name else 0.02))
            else:
                self.adam(name, p, gradient, decay * 1e-4)
        self.E_a.load_state_dict(statistics, strict=False)
        return {name: loss.item() for name, loss in losses.items()} | {"total": total.item()}

    def loss_of_d(self, x: Tensor, fake: Tensor) -> Tensor:
        """Least squares and R1, each scale by itself, coefficient 0.01."""
        x = x.clone().requires_grad_(True)
        total = 0.0
        for real, made in zip(self.D(x), self.D(fake), strict=True):
            (gradient,) = torch.autograd.grad(real.sum(), x, create_graph=True)
            total = total + ((real - 1) ** 2).mean() + (made**2).mean()
            total = total + 0.01 * (gradient**2).sum(dim=(1, 2, 3)).mean()
        return total

    @torch.no_grad()
    def sgd(self, name: str, p: Tensor, gradient: Tensor, rate: float) -> None:
        """Nesterov momentum 0.9, weight decay 5e-4."""
        g = gradient + 5e-4 * p
        self.momentum[name] = 0.9 * self.momentum[name] + g if name in self.momentum else g
        p -= rate * (g + 0.9 * self.momentum[name])

    @torch.no_grad()
    def adam(self, name: str, p: Tensor, gradient: Tensor, rate: float) -> None:
        """Betas (0, 0.999), weight decay 5e-4 added to the gradient."""
        g = gradient + 5e-4 * p
        t = self.adam_steps[name] = self.adam_steps.get(name, 0) + 1
        self.squares[name] = 0.999 * self.squares.get(name, torch.zeros_like(p)) + 0.001 * g**2
        p -= rate * g / ((self.squares[name] / (1 - 0.999**t)).sqrt() + 1e-8)


NETWORKS = ("E_a", "E_s", "G", "D")


def state(of) -> dict[str, Tensor]:
    """Weights and running statistics as they are now."""
    return {
        f"{name}.{key}": x.detach().clone() for name in NETWORKS for key, x in getattr(of, name).state_dict().items()
    }


@pytest.fixture(scope="module", params=["mean", "sum"])
def run(request, smoke_data):
    """Both, step by step: what each says of its losses and how its weights are then; and the coins that were thrown."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tensor, "float", Tensor.double)
        config = Config.preset("official", "full").replace(**SMALL, **{"losses.directions": request.param})
        torch.manual_seed(0)
        model, teacher = (build(config.networks, smoke_data.num_ids).double() for build in (DGNet, build_teacher))
        with torch.no_grad():
            for p in model.D.parameters():
                p *= 5  # as it starts, with N(0, 0.02), D hands on next to no gradient
        batches = smoke_data.batches(config, batch_size=config.optim.batch_size, seed=1)
        task = DGNetTask(model, teacher, batches, config)
        release = Release(task, request.param)
        ours, theirs = {}, {}
        for step in STEPS:
            ours[step] = {name: loss.item() for name, loss in task.update(step).items()}, state(task.model)
            theirs[step] = release.update(step), state(release)
        chance = [of.batches.generator.get_state() for of in (task, release)]
    return ours, theirs, release.coins, chance


@pytest.mark.parametrize("step", STEPS)
def test_every_loss_is_that_of_the_release(run, step):
    (found, _), (expected, _) = run[0][step], run[1][step]
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("step", STEPS)
def test_the_weights_and_running_statistics_are_those_of_the_release(run, step, network):
    (_, found), (_, expected) = run[0][step], run[1][step]
    for key in (key for key in expected if key.startswith(network)):
        # Where the gradient of a bias is 0 but for rounding, Adam still makes 1e-9 of it; one step of Adam is 1e-4.
        atol = 1e-8 if key.endswith("bias") else 1e-11
        torch.testing.assert_close(found[key], expected[key], rtol=1e-9, atol=atol, msg=lambda m, k=key: f"{k}: {m}")


def test_both_sides_of_the_coin_of_eq_5_came_up(run):
    assert set(run[2]) == {"E_s learns", "the swap learns"}


def test_chance_was_asked_as_often(run):
    assert torch.equal(*run[3])
