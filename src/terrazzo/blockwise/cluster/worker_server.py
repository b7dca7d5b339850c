"""Where workers of a local cluster come from: a process that has loaded once what all need, and forks.

Loading torch, Dask and numba takes each process some seconds of a core. Workers that are forked share what was loaded,
and the memory that it takes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import forkserver

SETTINGS = {
    # blocks run side by side, not threads in them
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    # How much memory a worker may keep from array to array. With what Dask tells it every larger array is given back to
    # the system, whose pages the next one then asks for again: a quarter of the core-seconds of a run.
    "MALLOC_TRIM_THRESHOLD_": str(2**27),
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
}
"""What workers find in their environment: the C library reads it when the server starts, and never after that."""

LOADED = "terrazzo.blockwise.runs.loaded"


def method() -> str:
    """Return how workers are started: forked by the server, where the system can."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def start_loading() -> None:
    """Start the server, unless it runs: it loads while this process does something else, and ends with it."""
    if method() == "spawn":
        return
    multiprocessing.set_forkserver_preload([LOADED])
    with deaf_to_ctrl_c(), _environment(SETTINGS):
        forkserver.ensure_running()


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Let processes that are started ignore Ctrl-C, which a terminal sends to them too: it is for us to stop them."""
    if threading.current_thread() is not threading.main_thread():
        yield  # where Python cannot set signals
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
