"""Right answers to the exercises of lesson 10, written differently, and mistakes with what the check says of them."""

from __future__ import annotations

import copy
import io

import torch

from dgnet_lite.course.checks.lesson10 import (
    check_alarms,
    check_diagnosis,
    check_resume,
    check_total,
    check_train_step,
    check_weight,
)
from dgnet_lite.course.checks.proof import Proof


def weight_by_clamp(step, steps, warm_up, ramp, final):
    return final * min(1.0, max(0.0, (step - warm_up * steps) / max(1, ramp * steps)))


def weight_by_cases(step, steps, warm_up, ramp, final):
    start, end = warm_up * steps, (warm_up + ramp) * steps
    if step <= start:
        return 0.0
    return final if step >= end else final * (step - start) / (end - start)


def weight(*, low=True, high=True, begin=True, parts=True, safe=True, scale=True):
    def of(step, steps, warm_up, ramp, final):
        n = steps if parts else 1e6
        length = ramp * n
        risen = (step - (warm_up * n if begin else 0)) / (max(1, length) if safe else length)
        if not begin:
            risen = 0 if step <= warm_up * n else step / ((warm_up + ramp) * n)
        risen = max(0.0, risen) if low else risen
        risen = min(1.0, risen) if high else risen
        return (final if scale else 1) * risen

    return of


def weight_that_jumps(step, steps, warm_up, ramp, final):
    return 0.0 if step <= warm_up * steps else final


def total_by_loop(losses, weights):
    result = 0
    for name, loss in losses.items():
        if weights.get(name, 0) > 0:
            result = result + weights[name] * loss
    return result


def total_by_stack(losses, weights):
    names = [name for name in losses if weights.get(name)]
    return (torch.stack([losses[n] for n in names]) * torch.tensor([weights[n] for n in names])).sum()


def total_with_d(losses, weights):
    return sum(weights.get(name, 1) * loss for name, loss in losses.items())


def total_unweighted(losses, weights):
    return sum(loss for name, loss in losses.items() if weights.get(name, 0) > 0)


def total_times_nought(losses, weights):
    return sum(weights.get(name, 0) * loss for name, loss in losses.items() if name in weights)


def total_mean(losses, weights):
    found = [weights[name] * loss for name, loss in losses.items() if weights.get(name, 0) > 0]
    return sum(found) / len(found)


def total_detached(losses, weights):
    return total_by_loop(losses, weights).detach()


def step_in_order(D, G, sgd_D, sgd_G, x, z, loss_of_D, loss_of_G):
    fake = G(z)
    sgd_D.zero_grad()
    loss_of_D(D(x), D(fake.detach())).backward()
    sgd_D.step()
    sgd_G.zero_grad()
    loss_of_G(D(fake)).backward()
    sgd_G.step()


def step_frozen(D, G, sgd_D, sgd_G, x, z, loss_of_D, loss_of_G):
    with torch.no_grad():
        fake = G(z)
    for p in D.parameters():
        p.grad = None
    loss_of_D(D(x), D(fake)).backward()
    sgd_D.step()
    D.requires_grad_(False)
    for p in G.parameters():
        p.grad = None
    loss_of_G(D(G(z))).backward()
    sgd_G.step()
    D.requires_grad_(True)


def step_without_clearing_d(D, G, sgd_D, sgd_G, x, z, loss_of_D, loss_of_G):
    fake = G(z)
    loss_of_D(D(x), D(fake.detach())).backward()
    sgd_D.step()
    sgd_G.zero_grad()
    loss_of_G(D(fake)).backward()
    sgd_G.step()


def step_clearing_g_alone(D, G, sgd_D, sgd_G, x, z, loss_of_D, loss_of_G):
    fake = G(z)
    loss_of_D(D(x), D(fake.detach())).backward()
    sgd_D.step()
    sgd_D.zero_grad()
    sgd_G.zero_grad()
    loss_of_G(D(fake)).backward()
    sgd_G.step()


def step_g_first(D, G, sgd_D, sgd_G, x, z, loss_of_D, loss_of_G):
    fake = G(z)
    sgd_G.zero_grad()
    loss_of_G(D(fake)).backward()
    sgd_D.zero_grad()
    loss_of_D(D(x), D(fake.detach())).backward()
    sgd_D.step()
    sgd_G.step()


def step_through_detach(D, G, sgd_D, sgd_G, x, z, loss_of_D, loss_of_G):
    fake = G(z).detach()
    sgd_D.zero_grad()
    loss_of_D(D(x), D(fake)).backward()
    sgd_D.step()
    sgd_G.zero_grad()
    loss_of_G(D(fake)).backward()
    sgd_G.step()


def step_of_g_alone(D, G, sgd_D, sgd_G, x, z, loss_of_D, loss_of_G):
    sgd_G.zero_grad()
    loss_of_G(D(G(z))).backward()
    sgd_G.step()


def step_left_frozen(D, G, sgd_D, sgd_G, x, z, loss_of_D, loss_of_G):
    D.requires_grad_(True)
    step_frozen(D, G, sgd_D, sgd_G, x, z, loss_of_D, loss_of_G)
    D.requires_grad_(False)


def save_copies(net, optimizer, step):
    return copy.deepcopy({"net": net.state_dict(), "sgd": optimizer.state_dict(), "step": step}) | {
        "random": torch.get_rng_state()
    }


def load_copies(state, net, optimizer):
    net.load_state_dict(state["net"])
    optimizer.load_state_dict(state["sgd"])
    torch.set_rng_state(state["random"])
    return state["step"]


def save_bytes(net, optimizer, step):
    file = io.BytesIO()
    torch.save((step, torch.get_rng_state(), net.state_dict(), optimizer.state_dict()), file)
    return file.getvalue()


def load_bytes(state, net, optimizer):
    step, random, weights, momentum = torch.load(io.BytesIO(state))
    torch.set_rng_state(random)
    net.load_state_dict(weights)
    optimizer.load_state_dict(momentum)
    return step


def saving(*, copies=True):
    def save(net, optimizer, step):
        state = {"net": net.state_dict(), "sgd": optimizer.state_dict(), "step": step, "random": torch.get_rng_state()}
        return copy.deepcopy(state) if copies else state

    return save


def loading(*, random=True, optimizer_too=True, step=True):
    def load(state, net, optimizer):
        net.load_state_dict(state["net"])
        if optimizer_too:
            optimizer.load_state_dict(state["sgd"])
        if random:
            torch.set_rng_state(state["random"])
        return state["step"] if step else None

    return load


def range_by_maximum(run):
    return bool(run.swaps().abs().max() <= 1)


def teacher_by_state(run):
    before = {name: value.clone() for name, value in run.teacher.state_dict().items()}
    run.feed_back(run.swaps())
    return any(not torch.equal(value, before[name]) for name, value in run.teacher.state_dict().items())


def detach_by_grad(run):
    loss = run.feed_back(run.swaps())
    found = torch.autograd.grad(loss, list(run.G.parameters()), allow_unused=True)
    return any(each is not None for each in found)


def range_by_share(run):
    x = run.swaps().detach().abs()
    return (x > 1).sum().item() == 0


def teacher_by_copy(run):
    before = copy.deepcopy(run.teacher)
    run.feed_back(run.swaps())
    pairs = zip(before.buffers(), run.teacher.buffers(), strict=True)
    return not all(torch.equal(a, b) for a, b in pairs)


def detach_at_the_picture(run):
    swaps = run.swaps()
    loss = run.feed_back(swaps)
    return torch.autograd.grad(loss, swaps, allow_unused=True)[0] is not None


def range_always(run):
    return True


def range_of_another(run):
    return bool(run.swaps().abs().max() <= 10)


def range_as_tensor(run):
    return run.swaps().abs().max() <= 1


def teacher_without_clone(run):
    before = run.teacher.state_dict()
    run.feed_back(run.swaps())
    return any(not torch.equal(value, before[name]) for name, value in run.teacher.state_dict().items())


def detach_by_backward(run):
    run.feed_back(run.swaps()).backward()
    return any(p.grad is not None for p in run.G.parameters())


def detach_wiping_gradients(run):
    found = detach_by_backward(run)
    run.G.zero_grad()
    return found


def detach_of_everything(run):
    return run.feed_back(run.swaps()).requires_grad


def detach_leaving_a_gradient(run):
    swaps = run.swaps()
    swaps.sum().backward(retain_graph=True)
    return torch.autograd.grad(run.feed_back(swaps), swaps, allow_unused=True)[0] is not None


def saying(**changed):
    def diagnosis():
        return {"A": "detach", "B": "none", "C": "range", "D": "teacher"} | changed

    return diagnosis


def saying_it_again():
    return dict(zip("DCBA", ("teacher", "range", "none", "detach"), strict=True))


def saying_little():
    return {"A": "detach"}


def saying_nothing():
    return None


PROOFS = [
    Proof(
        check_weight,
        right=[weight_by_clamp, weight_by_cases],
        wrong=[
            (weight(low=False), "below 0"),
            (weight(high=False), "beyond `final`"),
            (weight(begin=False), "from step 0"),
            (weight(parts=False), "parts of the run"),
            (weight(safe=False), "ZeroDivisionError"),
            (weight(scale=False), "times `final`"),
            (weight_that_jumps, "jumps"),
        ],
    ),
    Proof(
        check_total,
        right=[total_by_loop, total_by_stack],
        wrong=[
            (total_with_d, "its own step"),
            (total_unweighted, "weights are missing"),
            (total_times_nought, "NaN"),
            (total_mean, "a sum"),
            (total_detached, "detached"),
        ],
    ),
    Proof(
        check_train_step,
        right=[step_in_order, step_frozen],
        wrong=[
            (step_without_clearing_d, "clear first"),
            (step_clearing_g_alone, "clear first"),
            (step_g_first, "before its step"),
            (step_through_detach, "G has not moved"),
            (step_of_g_alone, "D has not moved"),
            (step_left_frozen, "unfreezes"),
        ],
    ),
    Proof(
        check_resume,
        right=[(save_copies, load_copies), (save_bytes, load_bytes)],
        wrong=[
            ((saving(), loading(random=False)), "begin anew"),
            ((saving(), loading(optimizer_too=False)), "forgotten its momentum"),
            ((saving(copies=False), loading()), "Copy them"),
            ((saving(), loading(step=False)), "return the step"),
        ],
    ),
    Proof(
        check_alarms,
        right=[
            (range_by_maximum, teacher_by_state, detach_by_grad),
            (range_by_share, teacher_by_copy, detach_at_the_picture),
        ],
        wrong=[
            ((range_always, teacher_by_state, detach_by_grad), "rings at a correct run"),
            ((range_of_another, teacher_by_state, detach_by_grad), "rings at a correct run"),
            ((range_as_tensor, teacher_by_state, detach_by_grad), "returns Tensor"),
            ((range_by_maximum, teacher_without_clone, detach_by_grad), "keeps silent"),
            ((range_by_maximum, teacher_by_state, detach_of_everything), "rings at a correct run"),
            ((range_by_maximum, teacher_by_state, detach_leaving_a_gradient), "leaves a gradient"),
            ((range_by_maximum, teacher_by_state, detach_by_backward), "leaves a gradient"),
            ((range_by_maximum, teacher_by_state, detach_wiping_gradients), "leaves a gradient"),
        ],
    ),
    Proof(
        check_diagnosis,
        right=[saying(), saying_it_again],
        wrong=[
            (saying(A="none", B="detach"), "is smaller than"),
            (saying(C="teacher", D="range"), "ends well above"),
            (saying(A="none"), "one twice"),
            (saying(A="erasing"), "none of the four"),
            (saying_little, "No diagnosis"),
            (saying_nothing, "Return a dictionary"),
        ],
    ),
]
