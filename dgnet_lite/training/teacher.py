"""Training without a generator: the teacher, the fair controls of Table 3, and the oracle."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from dgnet_lite import losses as L
from dgnet_lite.config import Config
from dgnet_lite.data.batches import Batches, augment
from dgnet_lite.networks.appearance import AppearanceEncoder
from dgnet_lite.networks.teacher import Teacher
from dgnet_lite.schedule import loss_weights, lr_factor, rise_factor
from dgnet_lite.training import distributed
from dgnet_lite.training.compiling import Compiled
from dgnet_lite.training.modes import running_statistics_kept
from dgnet_lite.training.optimizers import LearningRates, sgd
from dgnet_lite.training.precision import autocast
from dgnet_lite.training.step import label_of_swap

Control = Literal["one_head", "two_heads", "oracle", "offline"]


class _RealImagesTask:
    """What both tasks below share: one network, SGD, the same batches."""

    network: AppearanceEncoder | Teacher

    def __init__(self, network: AppearanceEncoder | Teacher, batches: Batches, config: Config, lr: float) -> None:
        self.network, self.batches, self.config = network, batches, config
        self.device = batches.images.device
        if config.optim.channels_last:
            network.to(memory_format=torch.channels_last)
        self.compiled = Compiled([network.backbone], config.optim.compile)
        self.optimizer = sgd(network, config.optim, lr)
        self.rate = LearningRates(self.optimizer)

    def autocast(self) -> torch.autocast:
        return autocast(self.device, self.config.optim.bfloat16)

    def _images(self) -> tuple[Tensor, Tensor]:
        batch = self.batches.sample()
        x = torch.cat([batch.x_i, batch.x_t])
        if self.config.data.erasing > 0:
            x = self.batches.erase(x, self.config.data.erasing)
        return x, torch.cat([batch.y, batch.y])

    def _step(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        distributed.average_gradients(self.network.parameters())
        self.optimizer.step()

    def state_dict(self) -> dict[str, Any]:
        return {
            "model": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "batches": self.batches.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.batches.load_state_dict(state["batches"])


class TeacherTask(_RealImagesTask):
    """The baseline CNN by the identification loss, eq. (3), for `optim.teacher_steps`."""

    name = "teacher"

    def __init__(self, teacher: Teacher, batches: Batches, config: Config) -> None:
        super().__init__(teacher, batches, config, config.optim.teacher_lr)

    def update(self, step: int) -> dict[str, Tensor]:
        c = self.config.optim
        self.network.train()
        self.rate.set(lr_factor(step, c, c.teacher_steps) * rise_factor(step, c))
        x, y = self._images()
        with self.compiled(), self.autocast():
            loss = L.identification(self.network(x), y)
        self._step(loss)
        return {"id_s": loss.detach(), "total": loss.detach()}


class Compositions(NamedTuple):
    """Stored swaps x_j^i: images uint8 (M, H, W, 3), label of who gave the clothes, label of who gave the structure."""

    images: Tensor
    y_i: Tensor
    y_j: Tensor


class ControlTask(_RealImagesTask):
    """E_a trained as long as in DG-Net, on the same batches with the same rates, without G.

    "one_head": f_prim by eq. (3) on real images, the baseline given as many steps. "two_heads": both heads on real
    images, the fine one with lambda_fine as its weight, whether or not DG-Net shows it real images (`fine_on_real`).
    "oracle": both heads, and the *true* compositions where DG-Net has generated ones, eqs. (8) and (9); what the method
    could gain if G were perfect. "offline": the same with compositions that were generated once, before (Sec. 4.3).
    """

    def __init__(
        self,
        encoder: AppearanceEncoder,
        batches: Batches,
        config: Config,
        kind: Control,
        teacher: Teacher | None = None,
        compositions: Compositions | None = None,
    ) -> None:
        super().__init__(encoder, batches, config, config.optim.lr_appearance)
        self.feeds = kind in ("oracle", "offline")
        if self.feeds and (teacher is None or compositions is None):
            raise ValueError(
                "the oracle needs a teacher and true compositions, offline training a teacher and generated ones"
            )
        if compositions is not None:
            compositions = compositions._replace(images=compositions.images.to(self.device))
        self.name, self.kind, self.teacher, self.compositions = kind, kind, teacher, compositions

    def update(self, step: int) -> dict[str, Tensor]:
        c = self.config
        self.network.train()
        self.rate.set(lr_factor(step, c.optim, c.optim.steps) * rise_factor(step, c.optim))
        weights = loss_weights(step, c.losses, c.optim.steps)
        if self.kind == "two_heads":
            weights["fine_real"] = weights["fine"]  # else nothing would train this head
        x, y = self._images()
        if not c.losses.id_on_positives:
            x, y = x[: len(x) // 2], y[: len(y) // 2]
        losses: dict[str, Tensor] = {}
        with self.compiled(), self.autocast():
            out = self.network(x)
            losses["id_s"] = L.identification(out.logits_prim, y)
            if self.kind != "one_head":
                losses["fine_real"] = L.identification(out.logits_fine, y)
            if self.feeds and weights["prim"] > 0:
                losses |= self._feed_back()
            total = sum(weights[name] * loss for name, loss in losses.items() if weights[name] > 0)
        self._step(total)
        return {name: loss.detach() for name, loss in losses.items()} | {"total": total.detach()}

    def _feed_back(self) -> dict[str, Tensor]:
        c, stored = self.config, self.compositions
        generator, share = self.batches.generator, self.batches.share
        pick = torch.randint(len(stored.images), (c.optim.batch_size,), generator=generator)
        x = augment(stored.images, pick, c.data.pad, generator, share)
        pick = pick[share.of(len(pick))]
        with running_statistics_kept(self.network):
            out = self.network(x)
        y_i, y_j = (y[pick].to(x.device) for y in (stored.y_i, stored.y_j))
        q = label_of_swap(self.teacher, x, y_i, y_j, c.losses)
        return {"prim": L.primary(out.logits_prim, q), "fine": L.fine_grained(out.logits_fine, y_j)}
