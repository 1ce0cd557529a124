"""A compiled step learns what a step learns, and nothing outside it is compiled.

Most tests take the compiler's front alone, which finds the graphs and their gradients and leaves the kernels to
PyTorch: that takes a second a graph. One makes kernels.
"""

import copy
import subprocess
import sys

import pytest
import torch

from dgnet_lite.networks.generator import Generator
from dgnet_lite.training.compiling import Compiled
from dgnet_lite.training.loop import fit

BEFORE, AFTER = 0, 11
NO_CHANCE = {"networks.dropout_prim": 0.0, "networks.dropout_fine": 0.0, "optim.bfloat16": False}
COMPILED = {"optim.compile": "default"}


@pytest.fixture(scope="module")
def kernels():
    try:
        torch.compile(torch.neg)(torch.ones(2))
    except RuntimeError as error:
        pytest.skip(f"this machine cannot compile: {error}")


@pytest.fixture
def front_alone(monkeypatch, shapes_unchecked):
    """torch.compile without kernels of its own."""
    whole = torch.compile
    monkeypatch.setattr(torch, "compile", lambda f, mode, **settings: whole(f, backend="aot_eager", **settings))
    yield
    torch.compiler.reset()


def gradients(task):
    return {name: p.grad for name, p in task.model.named_parameters() if p.grad is not None}


def learnt(task, *steps):
    """The losses of these steps, and where they led."""
    losses = [{name: value.item() for name, value in task.update(step).items()} for step in steps]
    return losses, task.state_dict()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["paper", "official"])
def test_a_compiled_step_has_the_losses_and_gradients_of_a_step(front_alone, new_task, monkeypatch, recipe):
    """In float64: the slope of an L1 is a sign, which float32's rounding turns in a pixel or two."""
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    plain, compiled = (new_task("dgnet", recipe, **NO_CHANCE, **how) for how in ({}, COMPILED))
    for task in (plain, compiled):
        task.model.double(), task.teacher.double()
    for step in (BEFORE, AFTER):
        torch.testing.assert_close(compiled.update(step), plain.update(step), rtol=1e-9, atol=0)
        found, expected = gradients(compiled), gradients(plain)
        assert found.keys() == expected.keys()
        for name, gradient in expected.items():
            atol = 1e-7 * gradient.abs().max().item() + 1e-9
            torch.testing.assert_close(found[name], gradient, rtol=0, atol=atol, msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["teacher", "oracle"])
def test_so_has_one_of_the_tasks_without_a_generator(front_alone, new_task, kind):
    """The oracle's swaps must not move the running statistics, though real images of the same size have moved them."""
    (expected, plain), (found, compiled) = (
        learnt(new_task(kind, "paper", **NO_CHANCE, **how), AFTER, AFTER) for how in ({}, COMPILED)
    )
    assert found == [pytest.approx(losses, rel=1e-4) for losses in expected]
    torch.testing.assert_close(dict(compiled["model"]), dict(plain["model"]), rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_a_compiled_run_that_was_interrupted_goes_on_to_the_same_weights(front_alone, new_task, tmp_path, equal):
    def run(steps, folder):
        task = new_task("teacher", **COMPILED)
        fit(task, steps, tmp_path / folder, task.config, tensorboard=False, show_progress=False)
        return task.state_dict()

    whole = run(9, "whole")
    run(5, "parts")
    assert equal(run(9, "parts"), whole)


def passes(task):
    return [task.model.E_a.backbone, task.model.E_s, task.model.G, task.teacher.backbone]


def test_outside_a_step_the_networks_are_as_they_were(new_task):
    task = new_task("dgnet", "official", **COMPILED)
    names, calls = list(task.model.state_dict()), []
    task.compiled.passes = dict.fromkeys(task.compiled.passes, calls.append)
    assert list(task.compiled.passes) == passes(task)
    with task.compiled():
        task.model.E_s(torch.zeros(1, 1, 64, 32))
    assert len(calls) == 1
    task.images(2)
    assert len(calls) == 1
    assert list(task.model.state_dict()) == names
    copy.deepcopy(task.model)


def test_so_they_are_after_an_error(new_task):
    task = new_task("dgnet", "official", **COMPILED)
    with pytest.raises(KeyboardInterrupt), task.compiled():
        raise KeyboardInterrupt
    assert not any("forward" in vars(network) for network in passes(task))


def test_d_whose_gradient_is_differentiated_is_not_compiled(new_task):
    task = new_task("dgnet", "official", **COMPILED)
    assert not set(task.model.D.modules()) & set(task.compiled.passes)


def test_what_it_needs_of_torch_is_imported_when_it_is_asked_for_and_not_before():
    code = """
import sys
from dgnet_lite.training import compiling, step
assert "torch._inductor.exc" not in sys.modules
compiling.Compiled([], "none")
assert "torch._inductor.exc" not in sys.modules
with compiling.Compiled([], "default")():
    pass
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_setting_nothing_is_compiled(new_task):
    assert new_task("dgnet", "official").compiled.passes == {}


def test_where_a_machine_cannot_compile_the_error_names_the_setting(new_task, monkeypatch):
    task = new_task("teacher", **COMPILED)

    def no_compiler(x):
        raise torch._inductor.exc.InvalidCxxCompiler

    task.compiled.passes = {task.network.backbone: no_compiler}
    with pytest.raises(RuntimeError, match=r"needs a C\+\+ compiler, .* set optim\.compile=\"none\""):
        task.update(BEFORE)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [3, 5])
def test_g_made_of_kernels_of_its_own_paints_the_same_and_has_the_same_gradients(kernels, shapes_unchecked, kernel):
    torch.manual_seed(0)
    G = Generator(8, 8, 1, (1, 1), kernel, 8, "whole")
    structure, appearance = torch.randn(2, 8, 16, 8), torch.randn(3, 8, 4, 1, requires_grad=True)
    rows, compiled = torch.tensor([0, 1, 1]), Compiled([G], "default")
    results = []
    for painted in (compiled, Compiled([], "none")):
        with painted():
            x = G(structure, appearance, rows)
        results.append((x, *torch.autograd.grad(x.square().mean(), [appearance, *G.parameters()])))
    for mine, expected in zip(*results, strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-3, atol=1e-5)
