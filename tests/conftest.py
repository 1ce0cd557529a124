"""Shared by all tests: tensor shapes in signatures are checked while the tests run, and one small Toy Market."""

from importlib.util import find_spec

import jaxtyping
import pytest

# The rooms whose public functions take tensors. The hook must be in place before any of them is imported.
TENSOR_ROOMS = ["data.batches", "networks", "dgnet", "losses", "labels", "training", "evaluation"]

if find_spec("beartype"):  # of the dev extra; a training machine may run the tests without it
    jaxtyping.install_import_hook([f"dgnet_lite.{room}" for room in TENSOR_ROOMS], "beartype.beartype")


@pytest.fixture
def shapes_unchecked():
    """Inside, shapes are not checked: torch.compile cannot follow the checks."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def smoke_data(tmp_path_factory):
    """Toy Market at the scale `smoke`: 64 training images of 16 identities, 64 x 32."""
    from dgnet_lite.config import Config
    from dgnet_lite.data.load import load_data

    return load_data(Config.preset("paper", "smoke"), tmp_path_factory.mktemp("data"), workers=1, progress=False)


@pytest.fixture(scope="session")
def smoke_data_root(smoke_data):
    """The `data_root` in which `smoke_data` lies."""
    return smoke_data.world.folder.parent
