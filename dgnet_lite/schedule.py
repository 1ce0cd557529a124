"""Eq. (10): the weight of every loss as a pure function of the step, and the learning rates likewise."""

from __future__ import annotations

import math

from dgnet_lite.config import LossConfig, OptimConfig


def loss_weights(step: int, losses: LossConfig, steps: int) -> dict[str, float]:
    """Weights of eq. (10) at `step` of a run of `steps`. Nothing is remembered, so resuming is right by construction.

    lambda_prim is 0 for the first `warm_up` of the run, rises linearly during `ramp`, then stays; lambda_fine is alpha
    times that (Sec. 3.3). Keys are the names of the losses in training/step.py.
    """
    rise = feedback(step, losses, steps)
    code = losses.code * (1.0 if losses.code_from_start else min(1.0, rise / losses.code_ramp))
    prim = losses.prim * rise
    weights = {
        "img1": losses.img,
        "img2": losses.img,
        "code1": code,
        "code2": code,
        "id_s": losses.id_s,
        "id_c": losses.id_c,
        "adv": losses.adv * losses.adversarial_factor,
        "cycle": losses.cycle * rise,
        "prim": prim,
        "fine": losses.alpha * prim,
        "fine_real": losses.alpha * prim if losses.fine_on_real else 0.0,
    }
    if losses.directions == "sum":
        real = 4 if losses.id_on_positives else 2
        return {name: (real if name in ("id_s", "fine_real") else 2) * weight for name, weight in weights.items()}
    return weights


def feedback(step: int, losses: LossConfig, steps: int) -> float:
    """How far the online feeding of generated images has risen at `step`: 0 during the warm-up, 1 after the ramp."""
    warm_up, ramp = round(losses.warm_up * steps), max(1, round(losses.ramp * steps))
    return min(max(step - warm_up, 0) / ramp, 1.0)


def lr_factor(step: int, optim: OptimConfig, steps: int) -> float:
    """Factor on every learning rate at `step` of a run of `steps`; see `OptimConfig.decay`."""
    done, (first, second) = step / steps, optim.lr_steps
    if done < first:
        return 1.0
    if optim.decay == "steps":
        return 0.1 if done < second else 0.01
    return max(0.02, 0.5 * (1 + math.cos(math.pi * (done - first) / (1 - first))))


def rise_factor(step: int, optim: OptimConfig) -> float:
    """Factor on E_a's and the teacher's learning rate while they start: (step + 1) / lr_rise, at most 1."""
    return min(1.0, (step + 1) / optim.lr_rise) if optim.lr_rise else 1.0
