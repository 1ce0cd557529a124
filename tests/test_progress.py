"""Progress bars appear where the environment says."""

import pytest

from dgnet_lite.progress import progress


@pytest.mark.parametrize("how", ["auto", "text", "off"])
def test_the_items_pass_through_however_progress_is_shown(how, monkeypatch):
    monkeypatch.setenv("DGNET_PROGRESS", how)
    assert list(progress(range(3), desc="counting")) == [0, 1, 2]


def test_off_draws_nothing(monkeypatch, capfd):
    monkeypatch.setenv("DGNET_PROGRESS", "off")
    list(progress(range(3), desc="counting"))
    assert capfd.readouterr() == ("", "")


def test_text_names_what_is_done_and_its_end(monkeypatch, capfd):
    monkeypatch.setenv("DGNET_PROGRESS", "text")
    list(progress(range(3), desc="counting", unit="step"))
    shown = capfd.readouterr().err
    assert "counting" in shown
    assert "3/3" in shown
