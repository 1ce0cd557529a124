"""One update of DG-Net. The whole method is on this page: encode, decode, compose, judge, learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from dgnet_lite import losses as L
from dgnet_lite.config import Config, LossConfig
from dgnet_lite.data.batches import Batch, Batches, denormalise, normalise
from dgnet_lite.dgnet import DGNet
from dgnet_lite.labels import STYLES
from dgnet_lite.networks.discriminator import MultiScaleDiscriminator
from dgnet_lite.networks.teacher import Teacher
from dgnet_lite.networks.twice import twice
from dgnet_lite.schedule import loss_weights, lr_factor, rise_factor
from dgnet_lite.training import distributed
from dgnet_lite.training.compiling import Compiled
from dgnet_lite.training.modes import (
    both,
    dropout_off,
    frozen,
    one_pass_for_two,
    running_statistics_kept,
    without_graph,
)
from dgnet_lite.training.optimizers import LearningRates, adam, sgd
from dgnet_lite.training.precision import autocast

ADVERSARIAL = {
    "log": (L.discriminator_log, L.generator_log),
    "lsgan": (L.discriminator_lsgan, L.generator_lsgan),
}


def soft_label(teacher: Teacher, x: Tensor, *, batch_statistics: bool, mirror: bool, dropout: bool = False) -> Tensor:
    """The teacher's class probabilities of x, (B, K). No gradient is kept; weights and statistics stay as they are."""
    teacher.train(batch_statistics)
    teacher.head.dropout.train(dropout)
    with torch.no_grad(), running_statistics_kept(teacher):
        q = F.softmax(teacher(x).float(), dim=1)
        return (q + F.softmax(teacher(x.flip(3)).float(), dim=1)) / 2 if mirror else q


def label_of_swap(teacher: Teacher, x_j_i: Tensor, y_i: Tensor, y_j: Tensor, c: LossConfig) -> Tensor:
    """q of eq. (8), (B, K): what the teacher says of x_j^i, in the style `teacher_label`."""
    statistics, dropout = c.teacher_batch_statistics, c.teacher_dropout
    p = soft_label(teacher, x_j_i, batch_statistics=statistics, mirror=c.teacher_mirror, dropout=dropout)
    return STYLES[c.teacher_label](p, y_i, y_j)


def what_d_minimises(
    D: MultiScaleDiscriminator, x: Tensor, fake: Tensor, step: int, c: LossConfig, loss: Callable[..., Tensor]
) -> Tensor:
    """The adversarial loss of D on real x and generated images, (B, 3, H, W) each, and the gradient punishment."""
    fake = fake.detach()  # D must not move G
    if step % c.punishment_every == 0 and c.punishment > 0:
        with torch.autocast(x.device.type, enabled=False), twice(D):  # a gradient of a gradient wants float32
            x = x.detach().requires_grad_(True)
            real_patches, fake_patches = D(x), D(fake.float())
            punishment = L.gradient_punishment(real_patches, x)
            return loss(real_patches, fake_patches) + c.punishment * c.punishment_every * punishment
    patches = D(torch.cat([x, fake.to(x.dtype)]))
    return loss([p[: len(x)] for p in patches], [p[len(x) :] for p in patches])


def weighted_sum(weights: dict[str, float], losses: dict[str, Tensor]) -> Tensor:
    """Eq. (10). A loss without a weight does not count, nor one with weight 0, which may be anything."""
    nothing = next(iter(losses.values())).new_zeros(())
    return sum((weights[name] * loss for name, loss in losses.items() if weights.get(name, 0) > 0), nothing)


def _detached(losses: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: loss.detach() for name, loss in losses.items()}


class DGNetTask:
    """DG-Net under training: its networks, optimizers and data. `update(step)` does one step and returns the losses."""

    name = "dgnet"

    def __init__(self, model: DGNet, teacher: Teacher, batches: Batches, config: Config) -> None:
        self.model, self.teacher, self.batches, self.config = model, teacher, batches, config
        self.device = batches.images.device
        if config.optim.channels_last:
            for network in (model.E_a, model.D, teacher):
                network.to(memory_format=torch.channels_last)
        c = config.optim
        self.compiled = Compiled([model.E_a.backbone, model.E_s, model.G, teacher.backbone], c.compile)
        self.optimizers = {
            "E_a": sgd(model.E_a, c, c.lr_appearance),
            "E_s+G": adam([model.E_s, model.G], c, c.lr_generator),
            "D": adam([model.D], c, c.lr_discriminator),
        }
        self.rates = {name: LearningRates(optimizer) for name, optimizer in self.optimizers.items()}
        self.discriminator_loss, self.generator_loss = ADVERSARIAL[config.losses.adversarial]

    def autocast(self) -> torch.autocast:
        return autocast(self.device, self.config.optim.bfloat16)

    def update(self, step: int) -> dict[str, Tensor]:
        """One D step, then one joint step of G, E_s and E_a. Returns every loss by name, unweighted, on the device."""
        model, c = self.model.train(), self.config
        self._set_rates(step)
        for optimizer in self.optimizers.values():
            optimizer.zero_grad(set_to_none=True)
        weights = loss_weights(step, c.losses, c.optim.steps)
        batch = self.batches.sample()
        n = len(batch.y)
        erased = c.data.erasing > 0

        with self.compiled(), self.autocast():
            x = torch.cat([batch.x_i, batch.x_t])
            y = torch.cat([batch.y, batch.y])
            # With a detached code no generative loss bends E_a: it learns to re-identify and nothing else.
            with without_graph(when=erased and c.losses.code_detached):
                real = model.E_a(x)
            code = real.code.detach() if c.losses.code_detached else real.code
            identification = self._identification(real, x, y)
            del real
            if erased or c.losses.code_detached:  # then no other loss needs this graph, whose memory is wanted
                self.add_gradients(weights, identification)
                identification = _detached(identification)

            a_i, a_t = code[:n], code[n:]
            s_i = model.encode_structure(batch.x_i)
            own, s_j = torch.arange(n, device=self.device), s_i[batch.partner]
            bodies = torch.cat([own, own, batch.partner])
            x_i_i, x_i_t, x_j_i = model.decode(s_i, torch.cat([a_i, a_t, a_i]), bodies).chunk(3)

            losses = {"D": self._discriminator(step, batch.x_i, x_j_i)}
            self.add_gradients({"D": 1.0}, losses)
            self.move("D")

            losses["img1"] = L.image_reconstruction(batch.x_i, x_i_i)
            losses["img2"] = L.image_reconstruction(batch.x_i, x_i_t)
            for_g, for_e_a = self._look_at(x_j_i, fed_back=weights["prim"] > 0)
            losses |= identification | self._cross_identity(weights, batch, a_i, s_j, x_j_i, for_g)
            if weights["prim"] > 0:
                losses |= self._feed_back(batch, x_j_i, for_e_a)
        self.add_gradients(weights, losses)
        self.move("E_a", "E_s+G")
        losses = _detached(losses)
        return losses | {"total": weighted_sum(weights, losses)}

    def _discriminator(self, step: int, x: Tensor, fake: Tensor) -> Tensor:
        """Eq. (7), what D minimises, and the gradient punishment."""
        return what_d_minimises(self.model.D, x, fake, step, self.config.losses, self.discriminator_loss)

    def _identification(self, real: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Eq. (3), and the same of the fine head. The code never comes from erased images, the class scores may."""
        if self.config.data.erasing > 0:
            real = self.model.E_a(self.batches.erase(x, self.config.data.erasing))
        count = len(y) if self.config.losses.id_on_positives else len(y) // 2
        return {
            "id_s": L.identification(real.logits_prim[:count], y[:count]),
            "fine_real": L.identification(real.logits_fine[:count], y[:count]),
        }

    def _look_at(self, x_j_i: Tensor, *, fed_back: bool) -> tuple[Tensor, Tensor | None]:
        """E_a's feature map of the swaps: to judge them by, and to learn from where they are fed back.

        E_a looks once for both. The gradient of the first goes on to G and E_s; E_a must not learn to like what G makes
        (unless `judge_frozen` is off). That of the second stays in E_a.
        """
        E_a, judge_frozen = self.model.E_a, self.config.losses.judge_frozen
        with running_statistics_kept(E_a):
            if fed_back:
                for_g, for_e_a = one_pass_for_two(E_a.backbone, x_j_i)
                return for_g if judge_frozen else both(for_g, for_e_a), for_e_a
            with frozen(*[E_a] if judge_frozen else []):
                return E_a.backbone(x_j_i), None

    def _cross_identity(
        self, weights: dict[str, float], batch: Batch, a_i: Tensor, s_j: Tensor, x_j_i: Tensor, feature_map: Tensor
    ) -> dict[str, Tensor]:
        """Eqs. (4) to (7) on the swapped images, and the release's cycle. `feature_map`: E_a's, of x_j_i."""
        model, c = self.model, self.config.losses
        losses: dict[str, Tensor] = {}
        with frozen(model.D):  # G learns to please D, D does not learn to be pleased
            losses["adv"] = self.generator_loss(model.D(x_j_i))
        judge = [model.E_a] if c.judge_frozen else []
        with frozen(*judge), running_statistics_kept(model.E_a), dropout_off(model.E_a):
            judged = model.E_a.read(feature_map)
        losses["id_c"] = L.identification(judged.logits_prim, batch.y)
        code_of_fake = judged.code if c.code1_trains_generator else judged.code.detach()
        losses["code1"] = L.code_reconstruction(a_i.detach(), code_of_fake)
        if weights["code2"] > 0 or weights["cycle"] > 0:
            coin = c.code2_alternates and weights["code2"] > 0
            structure, judged_by = self._structure_of_fake(x_j_i, alternates=coin)
        if weights["code2"] > 0:
            losses["code2"] = L.code_reconstruction(s_j.detach(), judged_by)
        if weights["cycle"] > 0:
            # x_i again, from swaps alone: one wears its clothes, another, at the inverse of `partner`, has its body
            again = model.decode(structure, code_of_fake, batch.partner.argsort())
            losses["cycle"] = L.image_reconstruction(batch.x_i, again)
        return losses

    def _structure_of_fake(self, x_j_i: Tensor, *, alternates: bool) -> tuple[Tensor, Tensor]:
        """s of the swaps, from one pass: as everybody learns from it, and as eq. (5) does."""
        if not alternates:
            s = self.model.encode_structure(x_j_i)
            return s, s
        for_g, for_e_s = one_pass_for_two(self.model.encode_structure, x_j_i)
        e_s_learns = torch.rand((), generator=self.batches.generator) < 0.5  # else G, and E_s as the giver of s_j alone
        return both(for_g, for_e_s), for_e_s if e_s_learns else for_g

    def _feed_back(self, batch: Batch, x_j_i: Tensor, feature_map: Tensor | None = None) -> dict[str, Tensor]:
        """Eqs. (8), (9): the swaps come back to E_a as training images. Detached: G must not make them easy.

        `feature_map`: E_a's, of x_j_i, where it is known; its gradient must not go on to G.
        """
        fake, E_a, c = x_j_i.detach(), self.model.E_a, self.config.losses
        with running_statistics_kept(E_a):
            out = E_a.read(E_a.backbone(fake) if feature_map is None else feature_map)
        q = label_of_swap(self.teacher, fake, batch.y, batch.y_j, c)
        return {"prim": L.primary(out.logits_prim, q), "fine": L.fine_grained(out.logits_fine, batch.y_j)}

    def _set_rates(self, step: int) -> None:
        c = self.config.optim
        factor = lr_factor(step, c, c.steps)
        for name, rate in self.rates.items():
            rate.set(factor * rise_factor(step, c) if name == "E_a" else factor)

    def add_gradients(self, weights: dict[str, float], losses: dict[str, Tensor]) -> None:
        """Add the gradients of the weighted sum of the losses to those that are there."""
        total = weighted_sum(weights, losses)
        if total.requires_grad:
            total.backward()

    def move(self, *names: str) -> None:
        """One step of these optimizers, down the gradients that are there."""
        distributed.average_gradients(distributed.parameters_of(self.optimizers[name] for name in names))
        for name in names:
            self.optimizers[name].step()
        torch.clear_autocast_cache()  # weights that were cast before are old now

    @torch.no_grad()
    def images(self, count: int = 8) -> Tensor:
        """Rows x_i, x_j, x_j^i of the first training images, uint8 (3 * count, H, W, 3), for the tracker."""
        self.model.eval()
        x = normalise(self.batches.images[:: max(1, len(self.batches.images) // count)][:count])
        x_i, x_j = x, x.roll(1, dims=0)
        return torch.cat([denormalise(x_i), denormalise(x_j), denormalise(self.model.swap(x_i, x_j))])

    def state_dict(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "batches": self.batches.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.batches.load_state_dict(state["batches"])
