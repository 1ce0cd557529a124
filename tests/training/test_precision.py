"""Bfloat16 is used where the machine computes in it, and nowhere else."""

import pytest
import torch

from dgnet_lite.config import Config
from dgnet_lite.report import environment
from dgnet_lite.training import precision


@pytest.fixture(params=[True, False], ids=["native", "not native"])
def native(request, monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_pays", lambda device_type: request.param)
    return request.param


@pytest.mark.parametrize("wanted", [True, False])
def test_a_forward_pass_is_in_bfloat16_if_wanted_and_native(native, wanted):
    with precision.autocast("cpu", wanted):
        y = torch.nn.Linear(2, 3)(torch.ones(1, 2))
    assert y.dtype == (torch.bfloat16 if native and wanted else torch.float32)


@pytest.mark.parametrize("wanted", [True, False])
def test_a_result_says_in_which_precision_it_was_made(native, wanted):
    config = Config.preset("official", "smoke").replace(**{"optim.bfloat16": wanted})
    assert environment("cpu", config)["precision"] == ("bfloat16" if native and wanted else "float32")


def test_without_settings_it_says_nothing_of_the_precision():
    assert "precision" not in environment("cpu")
