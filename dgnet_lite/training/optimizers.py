"""The optimizers of Sec. 4.1: SGD for E_a and the teacher, Adam for (E_s, G) and for D."""

from __future__ import annotations

from torch import nn, optim

from dgnet_lite.config import OptimConfig
from dgnet_lite.networks.appearance import AppearanceEncoder
from dgnet_lite.networks.teacher import Teacher


def sgd(network: AppearanceEncoder | Teacher, c: OptimConfig, lr: float) -> optim.SGD:
    """Two groups, backbone and heads; the heads' rate is `head_lr_factor` times the backbone's."""
    heads = network.heads()
    groups = [{"params": list(network.backbone.parameters()), "lr": lr}, {"params": heads, "lr": lr * c.head_lr_factor}]
    return optim.SGD(groups, momentum=c.momentum, nesterov=c.nesterov, weight_decay=c.weight_decay)


def adam(modules: list[nn.Module], c: OptimConfig, lr: float) -> optim.Adam:
    parameters = [p for m in modules for p in m.parameters()]
    return optim.Adam(parameters, lr=lr, betas=c.adam_betas, weight_decay=c.weight_decay, fused=True)


class LearningRates:
    """Sets an optimizer's rates to their initial values times a factor, so that the rate is a function of the step."""

    def __init__(self, optimizer: optim.Optimizer) -> None:
        self.optimizer = optimizer
        self.initial = [group["lr"] for group in optimizer.param_groups]

    def set(self, factor: float) -> None:
        for group, lr in zip(self.optimizer.param_groups, self.initial, strict=True):
            group["lr"] = lr * factor
