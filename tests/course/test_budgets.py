"""What lessons cost: measuring, recording, and finding a budget that is off."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dgnet_lite.course.budgets import Cost, Meter, fill_in, fixed_work, line, load, off, record

LESSON = Path("notebooks/90_fake.ipynb")


def cost(minutes: float = 1.0, memory: int = 1000, work: float = 0.1) -> Cost:
    return Cost(minutes, memory, work)


def test_a_process_that_computes_costs_its_cpu_time():
    with Meter(seconds=0.02) as meter:
        code = "import time\nwhile time.process_time() < 0.6: pass\ntime.sleep(0.2)"
        subprocess.run([sys.executable, "-c", code], check=True)
    assert 0.6 / 60 <= meter.cost().cpu_minutes < 1.2 / 60


def test_a_process_that_sleeps_costs_next_to_nothing():
    with Meter(seconds=0.02) as meter:
        subprocess.run([sys.executable, "-S", "-c", "import time; time.sleep(0.6)"], check=True)
    assert meter.cost().cpu_minutes < 0.3 / 60


def test_memory_is_that_of_all_processes_at_once():
    child = "x = bytearray(60_000_000); import time; time.sleep(0.5)"
    parent = f"import subprocess, sys; x = bytearray(60_000_000); subprocess.run([sys.executable, '-c', {child!r}])"
    with Meter(seconds=0.02) as meter:
        subprocess.run([sys.executable, "-c", parent], check=True)
    assert 115 < meter.cost().memory_mb < 250


def test_processes_from_before_are_not_counted():
    with subprocess.Popen([sys.executable, "-c", "x = bytearray(60_000_000); input()"], stdin=subprocess.PIPE) as old:
        with Meter(seconds=0.02) as meter:
            pass
        old.kill()
    assert meter.memory == 0


def test_the_fixed_work_takes_time():
    assert fixed_work() > 0


@pytest.mark.parametrize("factor", [0.51, 1.0, 1.9])
def test_a_budget_holds_within_a_factor_of_two(factor):
    assert off(cost(), cost(factor)) == ""


@pytest.mark.parametrize("factor", [0.49, 2.1])
def test_a_budget_is_off_beyond_a_factor_of_two(factor):
    assert off(cost(), cost(factor)) == f"{factor:.3g} CPU minutes where the budget is 1"


def test_memory_is_held_to_the_same_factor():
    assert off(cost(), cost(memory=2100)) == "2.1e+03 MB where the budget is 1e+03"


def test_on_a_machine_of_half_the_speed_twice_the_time_is_right():
    assert off(cost(1.0, work=0.1), cost(2.0, work=0.2)) == ""
    assert off(cost(1.0, work=0.1), cost(0.4, work=0.2)) != ""
    assert off(cost(1.0, work=0.1), cost(4.5, work=0.2)) != ""


def test_fixed_work_that_was_disturbed_does_not_fail_a_lesson_that_took_its_time():
    assert off(cost(1.0, work=0.3), cost(1.0, work=0.1)) == ""


def test_a_few_seconds_do_not_matter():
    assert off(cost(0.04, 500), cost(0.12, 620)) == ""


def test_a_measurement_is_recorded_by_notebook_and_profile(tmp_path):
    record(tmp_path, LESSON, "smoke", cost(1))
    record(tmp_path, LESSON, "toy", cost(5))
    assert load(tmp_path) == {"notebooks/90_fake": {"smoke": cost(1), "toy": cost(5)}}


def test_a_measurement_near_the_recorded_one_changes_nothing(tmp_path):
    record(tmp_path, LESSON, "toy", cost(5))
    assert record(tmp_path, LESSON, "toy", cost(6)) == cost(5)
    assert load(tmp_path)["notebooks/90_fake"]["toy"] == cost(5)


def test_a_measurement_that_differs_is_kept(tmp_path):
    record(tmp_path, LESSON, "toy", cost(5))
    record(tmp_path, LESSON, "toy", cost(9))
    assert load(tmp_path)["notebooks/90_fake"]["toy"] == cost(9)


def test_the_opening_line_says_what_was_measured():
    assert line({"toy": cost(2.5, 1240), "smoke": cost(0.2, 610)}) == (
        "**Measured** (CPU time, most memory): `smoke` 12 seconds, 0.6 GB; `toy` 2.5 minutes, 1.2 GB."
    )


def test_the_opening_cell_is_renewed_between_its_marks_alone():
    text = "# A\n<!-- measured -->old<!-- /measured -->\nb"
    new = fill_in(text, {"toy": cost()})
    assert new == f"# A\n<!-- measured -->\n{line({'toy': cost()})}\n<!-- /measured -->\nb"
