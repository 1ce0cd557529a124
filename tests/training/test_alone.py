"""Two processes that want the same: one works, the other waits."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from dgnet_lite.training import alone as module
from dgnet_lite.training.alone import alone

pytestmark = pytest.mark.skipif(module.fcntl is None, reason="no file locks on this system")


def enter(folder: Path, started, die: bool) -> None:
    with alone(folder, "work"):
        (folder / "inside").touch()
        started.set()
        time.sleep(0 if die else 1.0)
        if die:
            multiprocessing.process.os._exit(1)
        (folder / "inside").unlink()


@pytest.mark.parametrize("die", [False, True], ids=["finishes", "dies"])
def test_the_second_waits_until_the_first_is_out(tmp_path, die):
    context = multiprocessing.get_context("fork")
    started = context.Event()
    first = context.Process(target=enter, args=(tmp_path, started, die))
    first.start()
    assert started.wait(30)
    with alone(tmp_path, "work"):
        assert die or not (tmp_path / "inside").exists()
    first.join(30)
    assert first.exitcode == (1 if die else 0)


def test_another_name_need_not_wait(tmp_path):
    with alone(tmp_path, "a"), alone(tmp_path, "b"):
        pass
