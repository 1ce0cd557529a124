"""Checks of lesson 10: the schedule, the sum of eq. (10), the alternation, resuming, and three alarms.

Every expected number is worked by hand; the working stands beside it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from dgnet_lite.course.checks.core import exercise, expect, expect_close


@exercise("10.1", "A weight as a function of the step")
def check_weight(weight: Callable) -> str:
    """`weight(step, steps, warm_up, ramp, final)`: 0, then rising, then `final`; the two middle ones are parts."""
    asked = {"steps": 100, "warm_up": 0.25, "ramp": 0.5, "final": 2.0}  # waits until 25, rises until 75
    causes = [
        (lambda v: v < 0, "The weight is below 0 before the ramp: clamp it: see hint 2."),
        (2.0, "It jumps: before step 25 nothing acts: see hint 1."),
    ]
    expect_close(weight(10, **asked), 0.0, "step 10 of 100, before the ramp", causes)
    expect_close(weight(25, **asked), 0.0, "step 25, where the ramp begins", causes)
    causes = [
        (2.0, "It jumps to the end; between steps 25 and 75 it rises in a straight line: see hint 2."),
        (2 * 50 / 75, "The ramp is measured from step 0; it begins where the warm-up ends: see hint 2."),
        (0.5, "That is how far it has risen, a part of 1: times `final`: see hint 2."),
        (0.0, "Still 0: `warm_up` and `ramp` are parts of the run, not steps: see hint 1."),
    ]
    expect_close(weight(50, **asked), 1.0, "step 50, the middle of the ramp", causes)
    causes = [
        (lambda v: v > 2, "It goes on rising beyond `final`: clamp it: see hint 2."),
        (1.0, "It stops at 1, the part; times `final`: see hint 2."),
    ]
    expect_close(weight(99, **asked), 2.0, "step 99, after the ramp", causes)
    at_once = {"steps": 100, "warm_up": 0.25, "ramp": 0.0, "final": 2.0}
    causes = [(lambda v: v != 2, "A ramp of no steps divides by 0: take at least one step: see hint 3.")]
    expect_close(weight(60, **at_once), 2.0, "a ramp of length 0", causes)
    first = [weight(k, **asked) for k in (99, 50, 50)]
    expect(first[1] == first[2], "The same step gives another weight when asked again: it must depend on nothing else.")
    return "0, 0, 1, 2 by hand; nothing is remembered"


@exercise("10.2", "One number to go down")
def check_total(total: Callable) -> str:
    """`total(losses, weights)`: dictionaries by name -> scalar; what has no weight, or the weight 0, is left out."""
    a = torch.tensor(0.5, requires_grad=True)
    losses = {"img1": a * 1.0, "id_s": a * 2.0, "D": torch.tensor(100.0)}
    weights = {"img1": 5.0, "id_s": 1.0, "prim": 2.0}
    # 5 * 1/2 + 1 * 1
    causes = [
        (103.5, "D is added, too: it has no weight in eq. (10), and its own step: see hint 1."),
        (1.5, "The weights are missing: see hint 1."),
        (101.5, "The weights are missing, and D is added: see hint 1."),
        (1.75, "That is a mean; eq. (10) is a sum: see hint 1."),
    ]
    got = total(losses, weights)
    expect_close(got, 3.5, "img1 and id_s, with a loss that has no weight and a weight that has no loss", causes)
    expect(isinstance(got, Tensor) and got.requires_grad, "Nothing can learn from it: is it detached, or a float?")
    (slope,) = torch.autograd.grad(got, a)
    expect_close(slope, 7.0, "slope by what both losses depend on: 5 + 2", [])
    losses = {"img1": torch.tensor(0.5), "prim": torch.tensor(math.inf)}
    causes = [(lambda v: math.isnan(v), "0 times infinity is NaN: leave out what has the weight 0: see hint 2.")]
    causes += [(math.inf, "A loss of weight 0 does not act, whatever it is: see hint 2.")]
    expect_close(total(losses, {"img1": 5.0, "prim": 0.0}), 2.5, "a loss of infinity that does not act yet", causes)
    return "7/2 by hand, and a loss that waits stays out"


class _Scale(nn.Module):
    """y = w x."""

    def __init__(self, w: float) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w))

    def forward(self, x: Tensor) -> Tensor:
        return self.w * x


def _alternate(steps: int, *, kept: str = "nothing") -> tuple[float, float]:
    """(d, g) after so many steps of the check's two networks, by the slopes on paper.

    kept: what D's gradient still holds at its next step: "nothing", G's loss ("fake"), or that and its own ("all").
    """
    d, g, left, x, z, lr = 0.5, 1.0, 0.0, 2.0, 1.0, 0.25
    for _ in range(steps):
        fake = g * z
        by_d = 2 * (d * x - 1) * x + 2 * d * fake * fake  # (d x - 1)^2 + (d g z)^2
        by_d += left
        d -= lr * by_d
        left = 2 * (d * fake - 1) * fake  # what G's loss, (d g z - 1)^2, leaves in D
        left = {"nothing": 0.0, "fake": left, "all": left + by_d}[kept]
        g -= lr * 2 * (d * fake - 1) * d * z
    return d, g


@exercise("10.3", "First D, then G")
def check_train_step(train_step: Callable) -> str:
    """`train_step(D, G, sgd_D, sgd_G, x, z, loss_of_D, loss_of_G)`: one step of each; returns nothing that is used."""
    D, G = _Scale(0.5), _Scale(1.0)
    sgd_D, sgd_G = torch.optim.SGD(D.parameters(), lr=0.25), torch.optim.SGD(G.parameters(), lr=0.25)
    x, z = torch.tensor([[2.0]]), torch.tensor([[1.0]])

    def loss_of_D(real: Tensor, fake: Tensor) -> Tensor:
        return ((real - 1) ** 2).mean() + (fake**2).mean()

    def loss_of_G(fake: Tensor) -> Tensor:
        return ((fake - 1) ** 2).mean()

    def step() -> tuple[float, float]:
        train_step(D, G, sgd_D, sgd_G, x, z, loss_of_D, loss_of_G)
        return D.w.item(), G.w.item()

    # D: real 1/2 * 2 = 1, fake 1/2; slope 2 (1 - 1) 2 + 2 * 1/2 * 1 = 1; d = 1/2 - 1/4 = 1/4
    # G, judged by the new D: 2 (1/4 - 1) 1/4 = -3/8; g = 1 + 3/32
    d, g = step()
    causes = [(0.5, "D has not moved: its loss, backward, sgd_D.step(): see hint 1.")]
    expect_close(d, 0.25, "D's weight after one step: 1/2 - 1/4", causes)
    causes = [
        (1.125, "G was judged by D as it was before its step: score the fake again: see hint 2."),
        (1.0, "G has not moved: does the gradient pass through D to G? See hint 2."),
        (1 + 3 / 32 - 1 / 8, "D's loss has moved G, too: D gets fake.detach(), and G's gradient is cleared: hint 1."),
        (1 - 3 / 32, "G goes the wrong way: is its sign turned? See hint 2."),
    ]
    expect_close(g, 1 + 3 / 32, "G's weight after one step: 1 + 3/32", causes)
    d, g = step()
    wanted = _alternate(2)
    causes = [
        (_alternate(2, kept=kept)[0], "What an earlier step left in D has moved it once more: clear first: hint 3.")
        for kept in ("fake", "all")
    ]
    expect_close(d, wanted[0], "D's weight after two steps", causes)
    expect_close(g, wanted[1], "G's weight after two steps", [])
    expect(
        all(p.requires_grad for p in D.parameters()),
        "Afterwards D's weights are frozen: whoever freezes, unfreezes: hint 2.",
    )
    return "1/4 and 35/32 by hand, and again"


def _fresh() -> tuple[nn.Module, torch.optim.Optimizer]:
    net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.BatchNorm1d(8), nn.Linear(8, 1))
    return net, torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)


def _train(net: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.randn(16, 4)).square().mean().backward()
        optimizer.step()


@exercise("10.4", "Interrupted, and the same")
def check_resume(save: Callable, load: Callable) -> str:
    """`save(net, optimizer, step)` -> state; `load(state, net, optimizer)` -> step. Random numbers belong to it."""
    whole, optimizer = _fresh()
    start, random = copy.deepcopy(whole.state_dict()), torch.get_rng_state()
    _train(whole, optimizer, 6)

    first, optimizer = _fresh()
    first.load_state_dict(start)
    torch.set_rng_state(random)
    _train(first, optimizer, 3)
    state = save(first, optimizer, 3)
    _train(first, optimizer, 2)  # what is lost when the run is killed here
    torch.manual_seed(99)

    second, optimizer = _fresh()
    step = load(state, second, optimizer)
    expect(step == 3, f"`load` must return the step that was saved, 3; it returned {step!r}.")
    drawn, known = torch.get_rng_state(), bool(optimizer.state)
    _train(second, optimizer, 3)
    if all(torch.equal(a, b) for a, b in zip(second.state_dict().values(), whole.state_dict().values(), strict=True)):
        return "six steps, and three and three: equal to the last bit"
    later = all(torch.equal(a, b) for a, b in zip(_weights(state), _weights(first.state_dict()), strict=False))
    expect(
        not later or not _weights(state),
        "The saved weights went on learning: state_dict() hands out the weights themselves. Copy them: see hint 3.",
    )
    torch.manual_seed(99)
    _fresh()
    expect(
        not torch.equal(drawn, torch.get_rng_state()),
        "The random numbers begin anew: dropout and batches draw otherwise than before the interruption: see hint 2.",
    )
    expect(known, "The optimizer has forgotten its momentum: its state_dict belongs to the state, too: see hint 1.")
    raise_it = (
        "After loading, the run does not go on as before. Weights and buffers, the optimizer's state (its momentum) "
    )
    expect(False, raise_it + "and the random numbers: which of them is missing? See hints 1 and 2.")
    return ""


def _weights(state: Any) -> list[Tensor]:
    """The tensors of floats in a state, as deep as dictionaries go, the first dictionary that holds any."""
    if not isinstance(state, dict):
        return []
    own = [v for v in state.values() if isinstance(v, Tensor) and v.dtype != torch.uint8]
    return own or next((found for v in state.values() if (found := _weights(v))), [])


class _Run:
    """A training of the checks: G, a teacher, `swaps()` and `feed_back(swaps)`, with a fault or none."""

    def __init__(self, fault: str = "none") -> None:
        self.fault = fault
        self.G = nn.Conv2d(3, 3, 1)
        self.teacher = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(48), nn.Linear(48, 5)).eval()
        self._E_a = nn.Sequential(nn.Flatten(), nn.Linear(48, 5))

    def swaps(self) -> Tensor:
        x = self.G(3 * torch.randn(8, 3, 4, 4))
        return torch.tanh(x) if self.fault == "range" else 2.5 * x / x.abs().max()

    def feed_back(self, swaps: Tensor) -> Tensor:
        x = swaps if self.fault == "detach" else swaps.detach()
        self.teacher.train(self.fault == "teacher")
        with torch.no_grad():
            q = self.teacher(x).softmax(dim=1)
        return -(q * self._E_a(x).log_softmax(dim=1)).sum(dim=1).mean()


@exercise("10.5", "Three alarms")
def check_alarms(range_alarm: Callable, teacher_alarm: Callable, detach_alarm: Callable) -> str:
    """Each takes a run with `G`, `teacher`, `swaps()`, `feed_back(swaps)` -> whether the fault is there, a bool."""
    alarms = {"range": range_alarm, "teacher": teacher_alarm, "detach": detach_alarm}
    hints = {
        "range": "pictures that never leave -1..1: see hint 1.",
        "teacher": "compare the teacher's state before and after `feed_back`: see hint 2.",
        "detach": "does the loss of `feed_back` reach G's parameters? See hint 3.",
    }
    for name, alarm in alarms.items():
        for fault in ("none", *alarms):
            got = alarm(_Run(fault))
            expect(isinstance(got, bool), f"{name}_alarm returns {type(got).__name__}; return True or False.")
            expect(got or fault != name, f"{name}_alarm keeps silent where the fault is planted: {hints[name]}")
            what = "a correct run" if fault == "none" else f"a run whose fault is another one ({fault})"
            expect(not got or fault == name, f"{name}_alarm rings at {what}: {hints[name]}")
    run = _Run("detach")
    for p in run.G.parameters():
        p.grad = torch.zeros_like(p)
    before = [p.grad for p in run.G.parameters()]
    detach_alarm(run)
    expect(
        all(p.grad is b and not b.any() for p, b in zip(run.G.parameters(), before, strict=True)),
        "detach_alarm leaves a gradient in G, which the next step would use: ask with torch.autograd.grad: see hint 3.",
    )
    return "each rings at its fault, and at nothing else"


SAYS = {
    "A": ("detach", "eq. (9) is smaller than in any other run, and eq. (6) stays high: whom does that suit?"),
    "B": ("none", "no curve of B stands apart from all others for long."),
    "C": ("range", "eq. (5) ends well above the others, and D's loss well below: what can C's pictures not do?"),
    "D": ("teacher", "eq. (8) starts at half of what the others have, and only there: whose answer has changed?"),
}


@exercise("10.6", "Read a bad run")
def check_diagnosis(diagnosis: Callable) -> str:
    """`diagnosis()`: a dictionary, of each run, "A" to "D", one of "none", "range", "teacher", "detach"."""
    given = diagnosis()
    expect(isinstance(given, dict), "Return a dictionary, a fault for each run.")
    missing = [run for run in SAYS if run not in given]
    expect(not missing, f"No diagnosis of run {', '.join(missing)}.")
    known = [fault for fault, _ in SAYS.values()]
    for run in SAYS:
        said = given[run]
        expect(said in known, f"{said!r} is none of the four: none, range, teacher, detach.")
    expect(len(set(given.values())) == len(SAYS), "Each of the four belongs to one run: you have given one twice.")
    for run, (fault, hint) in SAYS.items():
        expect(given[run] == fault, f"Not {given[run]!r} for run {run}. Look again: {hint}")
    return "three faults and a correct run told apart"
