from contextlib import nullcontext

import pytest
from distributed import Client, LocalCluster

from terrazzo.study import search
from terrazzo.study.methods import METHODS


@pytest.fixture(scope="session")
def client():
    """One thread of this process, whose trials are forked from a server of its own."""
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def _stub():
    """Trees are fitted by a method that learns nothing, and the process that forks them outlives a search."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, "unet", "study.stub_trees")
        patch.setattr(search, "_own_processes", lambda *_: nullcontext())
        yield


# the command line, as its own tests run it
from cli.conftest import mistake, run  # noqa: E402, F401
