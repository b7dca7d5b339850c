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


# The files that take longest, roughly longest first: one that began late would be waited for at the end.
LONGEST = (
    "test_docs.py",
    "blockwise/test_exactness.py",
    "blockwise/test_resume.py",
    "blockwise/planning/test_task_memory.py",
    "test_examples.py",
    "cli/test_mistakes.py",
    "study/test_search.py",
    "study/test_killed_searches.py",
    "study/test_trial_server.py",
    "cli/test_demo.py",
    "comparison/test_finished_comparison.py",
    "comparison/test_compare.py",
    "blockwise/planning/test_refuse.py",
    "cli/test_compare.py",
    "project/test_project.py",
    "cli/test_resume.py",
    "blockwise/cluster/test_worker_watch.py",
    "blockwise/cluster/test_cluster.py",
    "viewing/test_in_a_browser.py",
)


def pytest_configure(config):
    """Let pytest-xdist hand out files in the order in which they are collected, not by their numbers of tests."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """Begin with the files that take longest, where there are several workers."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
        assert all(path.is_file() for path in places)
        items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(autouse=True)
def _one_thread():
    """Of arrays; tests that want threads or processes say so. Blocks have the threads that they have by default."""
    with dask.config.set(scheduler="synchronous", num_workers=os.cpu_count()):
        yield


@pytest.fixture
def microscopy():
    """The folder of annotated microscopy."""
    if not DATA.is_dir():
        pytest.skip(f"the annotated microscopy is not at {DATA}; set TERRAZZO_DATA to where it lies")
    return DATA
