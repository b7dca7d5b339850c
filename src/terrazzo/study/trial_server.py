"""Processes for trials: forked from one that has loaded what all need, so that each begins at once.

`python -m terrazzo.study.trial_server` reads the folder of a job from each line of the pipe that its argument names,
runs the job in a process of its own, and answers on standard output with that one's exit code, or minus its signal. It
and its child end when the process that started it has ended: its standard input is closed then.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
import weakref
from contextlib import suppress
from pathlib import Path

from terrazzo.comparison.runner import JOB, LOG
from terrazzo.comparison.stage import end_with_parent, run_stage
from terrazzo.errors import ParameterError
from terrazzo.study.held import held
from terrazzo.study.methods import METHODS
from terrazzo.study.trial_stage import STAGES

LOADED = (*METHODS.values(), "terrazzo.blockwise.runs.score", "terrazzo.comparison.confidence")


class TrialServer:
    """A warm process that forks one for each job; the threads of a worker have one each."""

    def __init__(self) -> None:
        self.job: Path | None = None
        self.called_off = False
        read, write = os.pipe()
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(place for place in sys.path if isinstance(place, str)),
        }
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        # its standard input stays open for as long as this process lives: it ends when we do
        self._process = subprocess.Popen(
            [sys.executable, "-m", "terrazzo.study.trial_server", str(read)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            pass_fds=(read,),
            env=environment,
            start_new_session=True,
        )
        os.close(read)
        self._jobs = os.fdopen(write, "wb", buffering=0)

    def run(self, folder: Path) -> int:
        """Do the job in a folder; return the exit code of its process, or minus the signal that ended it.

        Raises
        ------
        ParameterError
            If the process that forks ended with an error of its own, such as that it cannot be started.
        """
        assert self._process.stdout is not None
        try:
            with suppress(BrokenPipeError):  # it has ended, and answers nothing
                self._jobs.write(f"{folder}\n".encode())
            answer = self._process.stdout.readline()
        except BaseException:
            self.end()
            raise
        if answer:
            return int(answer)
        # a trial that it has left behind would go on, and write its outcome later
        if self.end() > 0:
            self._said.seek(0)
            said = self._said.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
            raise ParameterError(f"no process for trials can be started on {socket.gethostname()}: {said[-1]}")
        return -signal.SIGKILL

    def end(self) -> int:
        """End the process, and the trial that it runs; return its exit code, or minus the signal that ended it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()

    @property
    def lives(self) -> bool:
        """Whether it takes jobs."""
        return self._process.poll() is None


_own = threading.local()
_all = weakref.WeakSet[TrialServer]()
_guard = threading.Lock()


def run_forked(folder: Path) -> int:
    """Do the job in a folder in a process that is forked from the server of this thread.

    Raises
    ------
    ParameterError
        If no server can be started, or the search that the job is of has ended meanwhile.
    """
    with _guard:
        server: TrialServer | None = getattr(_own, "server", None)
        if server is None or not server.lives:
            server = _own.server = TrialServer()
            _all.add(server)
        server.job = folder
    try:
        code = server.run(folder)
    finally:
        server.job = None
    if server.called_off:
        raise ParameterError(f"the search ended before '{folder}' was done")
    return code


def end_servers(study: Path) -> None:
    """End the servers of all threads of this process, with the trials of a study; other studies' trials go on."""
    with _guard:
        for server in list(_all):
            if server.job is None or study in server.job.parents:
                server.called_off = True
                server.end()


def _serve(jobs: int) -> None:
    for name in LOADED:
        importlib.import_module(name)
    with os.fdopen(jobs) as lines:
        for line in lines:
            child = os.fork()
            if child == 0:
                os.dup2(os.open(os.devnull, os.O_RDONLY), lines.fileno())
                _run(Path(line.rstrip("\n")))
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)


def _run(folder: Path) -> None:
    """Do a job in this process, which ends with it."""
    code = 1
    try:
        end_with_parent()
        log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(log, stream)
        with held(folder.with_suffix(".running")):
            run_stage(folder / JOB, STAGES)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    end_with_parent()
    _serve(int(sys.argv[1]))
