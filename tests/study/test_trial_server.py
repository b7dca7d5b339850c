import fcntl
import json
import signal

import pytest
from patience import wait_until

from terrazzo.errors import ParameterError
from terrazzo.study.trial_server import TrialServer

# A method that kills the server it was forked from when it is imported, and waits for ever.
METHOD = """
import os, signal, time
os.kill(os.getppid(), signal.SIGKILL)
time.sleep(1e6)
"""


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
    (tmp_path / "methods" / "orphan.py").write_text(METHOD)
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
