"""Where workers of a local cluster come from: a process that has loaded once what all need, and forks.

Loading torch, Dask and numba takes each process some seconds of a core. Workers that are forked share what was loaded,
and the memory that it takes. A command that needs the same itself is where that process is forked from.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path
from typing import Any

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

# What the C library calls two of these where it is told later.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3

LOADED = "terrazzo.blockwise.runs.loaded"
ITS_THREADS = Path("/proc/self/task")
# Arrow's allocator holds it while a process forks, and starts it again in both.
HELD_BY_ITSELF = "jemalloc_bg_thd"


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
def loading_here() -> Iterator[None]:
    """Load here what workers need, and as the context ends fork their server from this process: nothing loads twice.

    For a command that has loaded nothing of it yet and leaves the work to workers, since from then on the settings of
    workers are this process's own. In any other process the server loads for itself, as after `start_loading`.
    """
    if "numpy" in sys.modules or not ITS_THREADS.is_dir():
        start_loading()
        yield
        return
    os.environ.update(SETTINGS)
    importlib.import_module(LOADED)
    yield
    if is_alone():
        _fork_server()
    else:
        start_loading()


def is_alone() -> bool:
    """Return whether this thread is the only one of its process, so that none can hold a lock while it forks."""
    try:
        names = [(thread / "comm").read_text().strip() for thread in ITS_THREADS.iterdir()]
    except OSError:  # one that has just ended
        return False
    return len(names) - names.count(HELD_BY_ITSELF) == 1


def _fork_server() -> None:
    """Start the server as a fork of this process, in place of a process that would load everything again."""
    resource_tracker.ensure_running()
    multiprocessing.set_forkserver_preload([])
    for stream in filter(None, (sys.stdout, sys.stderr)):  # there is none where it was closed
        stream.flush()
    spawned = util.spawnv_passfds
    util.spawnv_passfds = _forked
    try:
        with deaf_to_ctrl_c():
            forkserver.ensure_running()
    finally:
        util.spawnv_passfds = spawned


def _forked(path: bytes, args: Sequence[Any], passfds: Sequence[int]) -> int:  # noqa: ARG001
    """Fork a process that runs what Python was to be started with, `-c` and a program, and return its id.

    It is safe where `is_alone`: with one thread of computing nothing that was loaded has started a pool, and torch
    has not looked for a GPU.
    """
    process = os.fork()
    if process:
        return process
    try:
        # As for a program that is started: else the server would itself hold open the pipe by whose end it ends. Their
        # numbers stay taken: files of Python that are collected later close them again, whatever they are by then.
        nothing = os.open(os.devnull, os.O_RDWR)
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
            if int(name) > 2 and int(name) not in (nothing, *passfds):
                os.dup2(nothing, int(name), inheritable=False)
        forkserver._forkserver._lock = threading.Lock()  # type: ignore[attr-defined] # held while this forked
        atexit._clear()
        keep_memory()
        exec(args[args.index("-c") + 1], {})
    except Exception:
        traceback.print_exc()
        os._exit(1)
    finally:
        os._exit(0)


def keep_memory() -> None:
    """Tell the C library what it would have read in the environment as the process began, where it is GNU's."""
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is not None:
        tell(M_TRIM_THRESHOLD, int(SETTINGS["MALLOC_TRIM_THRESHOLD_"]))
        tell(M_MMAP_THRESHOLD, int(SETTINGS["MALLOC_MMAP_THRESHOLD_"]))


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
