"""What all tests share: how much hypothesis tries, and where the microscopy lies."""

import os
from pathlib import Path

import dask
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "terrazzo",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.load_profile("terrazzo")

# On a shared machine the threads of a small product wait for each other, up to a hundred times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

DATA = Path(os.environ.get("TERRAZZO_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(autouse=True)
def _one_thread():
    """Tests that want threads or processes say so."""
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def microscopy():
    """The folder of annotated microscopy."""
    if not DATA.is_dir():
        pytest.skip(f"the annotated microscopy is not at {DATA}; set TERRAZZO_DATA to where it lies")
    return DATA
