import fcntl
import json
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from patience import wait_until

from terrazzo.errors import ParameterError
from terrazzo.study.trial_server import TrialServer, end_servers, run_forked

# A method that kills the server it was forked from when it is imported, and waits for ever.
ORPHAN = """
import os, signal, time
os.kill(os.getppid(), signal.SIGKILL)
time.sleep(1e6)
"""

# One that takes for ever.
LONG = "import time; print('begun', flush=True); time.sleep(1e6)"


def is_free(path):
    """Whether no process holds a file."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def job(folder, method):
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps({"stage": "fit", "method": method}))
    return folder


def test_a_trial_whose_server_alone_dies_ends_with_it(tmp_path, monkeypatch):
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "orphan.py").write_text(ORPHAN)
    monkeypatch.syspath_prepend(tmp_path)
    folder, server = job(tmp_path / "0000", "methods.orphan"), TrialServer()
    assert server.run(folder) == -signal.SIGKILL, (folder / "log.txt").read_text()
    assert not server.lives
    assert (folder / "log.txt").read_text() == ""
    wait_until(lambda: is_free(folder.with_suffix(".running")), "the end of the trial")


def test_a_server_that_cannot_start_says_why(tmp_path, monkeypatch):
    (tmp_path / "terrazzo.py").write_text("raise ImportError('there is no torch')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ParameterError, match=r"no process for trials can be started on .*: .*there is no torch"):
        TrialServer().run(tmp_path)


def test_the_end_of_a_search_ends_its_trials_with_their_servers_and_those_of_no_other(tmp_path, monkeypatch):
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "long.py").write_text(LONG)
    monkeypatch.syspath_prepend(tmp_path)
    folder = job(tmp_path / "0000", "methods.long")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_forked, folder)
        wait_until(lambda: (folder / "log.txt").is_file() and (folder / "log.txt").read_text(), "its beginning")
        end_servers(tmp_path / "other")
        assert not is_free(folder.with_suffix(".running"))
        end_servers(tmp_path)
        with pytest.raises(ParameterError, match=r"the search ended before .* was done"):
            running.result()
    assert not (folder / "outcome.json").exists()
    wait_until(lambda: is_free(folder.with_suffix(".running")), "the end of the trial")
