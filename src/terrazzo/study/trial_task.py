"""A trial as a task of a cluster: run once, whoever dies meanwhile, and found again when it has been run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from terrazzo.blockwise.cluster.worker_watch import check_version
from terrazzo.comparison.runner import JOB, run_apart
from terrazzo.comparison.stage import OUTCOME, write_json
from terrazzo.study.held import held
from terrazzo.study.trial_server import run_forked

MOST_BEGUN = 3
"""How often a trial is begun at most whose worker is lost: once, and twice again."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Be the only task that works in a folder, after a process has ended that another worker has left behind there."""
    with held(folder.with_suffix(".held")):
        with held(folder.with_suffix(".running")):
            pass
        yield


def run_trial(version: str, job: Mapping[str, Any], folder: Path, session: str) -> dict[str, Any]:
    """Return the outcome of a trial: the one that is there, or that of a process of its own.

    Parameters
    ----------
    version : str
        That of the process that hands out trials.
    job : mapping
    folder : Path
        The trial's; files beside it say who runs it and how often it was begun.
    session : str
        Of the process that hands out trials: only what was lost while that one lived counts against a trial.
    """
    check_version(version)
    with alone_in(folder):
        if (folder / OUTCOME).is_file():
            found: dict[str, Any] = json.loads((folder / OUTCOME).read_text())
            return found
        begun = folder.with_suffix(".begun")
        with begun.open("a+") as file:
            file.seek(0)
            before = file.read().split().count(session)
            file.write(f"{session}\n")
        if before >= MOST_BEGUN:
            folder.mkdir(exist_ok=True)
            write_json(folder / JOB, dict(job))
            lost = {"error": f"its worker was lost {before} times, perhaps for want of memory"}
            write_json(folder / OUTCOME, lost)
            return lost
        return run_apart(job, folder, start=run_forked)
