"""Schedulers and workers in processes of their own, workers with another terrazzo among them."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import terrazzo


@contextmanager
def worker_at(address, folder=None):
    """A worker process of this scheduler; with a folder, one that imports from there and not from here."""
    command = (sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--no-dashboard")
    there = os.environ if folder is None else os.environ | {"PYTHONPATH": str(folder)}
    with subprocess.Popen(command, cwd=folder, env=there, stderr=subprocess.DEVNULL) as worker:
        try:
            yield
        finally:
            worker.kill()  # it may be in a task that takes long


@contextmanager
def worker_elsewhere(address, package, folder):
    """A worker process with the files of another terrazzo, by name."""
    (folder / "terrazzo").mkdir(exist_ok=True)
    for name, text in package.items():
        (folder / "terrazzo" / name).write_text(text)
    with worker_at(address, folder):
        yield


def copy_of_terrazzo(folder):
    """Put a copy of the package into a folder."""
    shutil.copytree(
        Path(terrazzo.__file__).parent, folder / "terrazzo", ignore=shutil.ignore_patterns("__pycache__", "*.nb?")
    )


@contextmanager
def scheduler_elsewhere(file):
    """A scheduler process that writes its address to a file."""
    command = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard")
    command += ("--host", "127.0.0.1", "--scheduler-file", str(file))
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as scheduler:
        try:
            yield scheduler
        finally:
            scheduler.kill()
