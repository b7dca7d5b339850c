from pathlib import Path

import pytest

from terrazzo.blockwise.cluster.active_client import client_sharing
from terrazzo.blockwise.cluster.cluster import cluster_client


@pytest.fixture(scope="module")
def client():
    with cluster_client(workers=1) as client:
        yield client


def test_workers_that_see_the_folder_are_used(client, tmp_path, caplog):
    assert client_sharing(tmp_path, client) is client
    assert list(tmp_path.iterdir()) == []
    assert caplog.messages == []


def test_workers_that_do_not_see_the_folder_are_not_used(client, tmp_path, caplog, monkeypatch):
    (tmp_path / "scratch").mkdir()
    monkeypatch.chdir(tmp_path)  # the worker is elsewhere
    assert client_sharing(Path("scratch"), client) is None
    assert caplog.messages == [
        "not every worker sees 'scratch', so what is kept there is computed in this process; choose a scratch folder "
        "that all workers see under the same name"
    ]


def test_without_a_client_there_is_nothing_to_ask(tmp_path):
    assert client_sharing(tmp_path, None) is None
