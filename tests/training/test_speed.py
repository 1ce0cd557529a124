"""What a step costs: operations counted by hand, parts that add up, and nothing left behind."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from dgnet_lite.config import Config
from dgnet_lite.training import speed
from dgnet_lite.training.compiling import Compiled
from dgnet_lite.training.speed import PARTS, WAYS, _Counter, build, main, operations, split, table, ways_of


@pytest.fixture(scope="module")
def task():
    return build(Config.preset("official", "smoke"), 8, "cpu", images=32)


def test_a_convolution_counts_a_product_and_its_sum_as_two_and_the_gradient_twice_more():
    layer, x = nn.Conv2d(3, 4, 3, padding=1, bias=False), torch.randn(2, 3, 8, 6, requires_grad=True)
    with _Counter() as counter:
        layer(x).sum().backward()
    assert counter.flop == 3 * 2 * (2 * 4 * 8 * 6) * (3 * 9)


def test_more_losses_cost_more_operations(task):
    assert operations(task, task.config.optim.steps) > operations(task, 0) > 0


def test_the_parts_of_a_step_add_up_and_each_network_has_one(task):
    shares = split(task, task.config.optim.steps, repeats=1)
    assert list(shares) == list(PARTS)
    assert sum(shares.values()) == pytest.approx(1)
    assert all(shares[part] > 0 for part in ("E_a", "E_s", "G", "D", "teacher", "optimizers", "data"))
    assert shares["losses and the rest"] < 0.5


def test_the_task_is_as_before(task):
    assert "sample" not in vars(task.batches)
    assert not task.model.E_a._forward_hooks


def test_ways_are_compared_with_the_first():
    def way(seconds):
        times = {"before": seconds, "after": 2 * seconds}
        return {"seconds": times, "tflop_per_second": times, "memory_gib": None}

    assert table({"ways": {"float32": way(0.2), "bfloat16": way(0.1)}}).loc["bfloat16", "ratio"] == pytest.approx(0.5)


def test_the_command_writes_what_it_measured(tmp_path, capsys):
    out = tmp_path / "step.json"
    ways = ["float32", "float32, channels_last"]
    size = ["--scale", "smoke", "--num-ids", "16", "--repeats", "1", "--batch-size", "4"]
    main([*size, "--out", str(out), "--ways", *ways])
    assert list(json.loads(out.read_text())["ways"]) == ways
    printed = capsys.readouterr().out
    assert all(way in printed for way in ways)


def test_a_way_that_the_device_has_not_is_left_out_and_refused_by_name(capsys):
    assert "bfloat16, channels_last, CUDA graphs" not in ways_of("cpu")
    assert set(ways_of("cpu")) < set(WAYS)
    with pytest.raises(SystemExit):
        main(["--scale", "smoke", "--ways", "bfloat16, channels_last, CUDA graphs"])
    assert "cpu does not do 'bfloat16, channels_last, CUDA graphs'" in capsys.readouterr().err


def test_a_way_that_fails_says_why_and_the_others_are_measured(monkeypatch, capsys):
    whole = speed._measured

    def fails(config, *rest):
        if config.optim.channels_last:
            raise torch.OutOfMemoryError("no memory left")
        return whole(config, *rest)

    monkeypatch.setattr(speed, "_measured", fails)
    size = ["--scale", "smoke", "--num-ids", "16", "--repeats", "1", "--batch-size", "4"]
    main([*size, "--ways", "float32, channels_last", "float32"])
    lines = capsys.readouterr().out.splitlines()
    assert "float32, channels_last: no memory left" in lines
    assert any(line.startswith("float32 ") for line in lines)


def test_operations_of_a_compiled_step_are_counted_as_if_it_were_not(task):
    plain, step = operations(task, 0), task.compiled
    task.compiled = Compiled([task.model.G], "default")
    counted = operations(task, 0)
    assert (counted, task.compiled.how) == (plain, "default")
    task.compiled = step
