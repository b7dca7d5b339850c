"""What runs in a process of its own without loading everything anew: forked from the server of our local clusters."""

import multiprocessing
import os
import sys
from contextlib import contextmanager

import dask

from terrazzo.blockwise.cluster.worker_server import method, start_loading
from terrazzo.comparison import runner, stage


def exit_code_apart(function, *arguments, log, errors=None):
    """Call a function of a module in a process of its own, with this environment; return that process's exit code.

    What it prints, and the traceback of an error, goes into the file `log`; with `errors`, standard error into that.
    A code below 0 is that of a signal.
    """
    process = started_apart(function, *arguments, log=log, errors=errors)
    process.join()
    return process.exitcode


def started_apart(function, *arguments, log, errors=None):
    """Begin to call a function in a process of its own, as `exit_code_apart` does; return the process."""
    start_loading()
    process = multiprocessing.get_context(method()).Process(
        target=_called, args=(function, arguments, (log, errors), dict(os.environ))
    )
    process.start()
    return process


def _called(function, arguments, logs, environment):
    os.environ.update(environment)
    log, errors = logs
    with log.open("ab") as printed, (errors or log).open("ab") as said:
        os.dup2(printed.fileno(), 1)
        os.dup2(said.fileno(), 2)
    try:
        function(*arguments)
    except Exception:
        sys.excepthook(*sys.exc_info())
        sys.exit(1)


@contextmanager
def forking():
    """Let Dask's own clusters fork their workers as well, which otherwise load for seconds."""
    start_loading()
    with dask.config.set({"distributed.worker.multiprocessing-method": method()}):
        yield


def forked_stage(folder, scheduler):
    """What a comparison starts processes by, in tests that need none of its own: it would load for seconds."""
    assert scheduler is None
    return exit_code_apart(stage.run_stage, folder / runner.JOB, log=folder / runner.LOG)
