"""Fit a method and predict with it, each in a process of its own, and tell how far it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from terrazzo.comparison.assignment import AnnotatedSource, Assignment
from terrazzo.comparison.stage import MODEL, OUTCOME, SCHEDULER, write_json
from terrazzo.progress import Step, tell

Sides = Mapping[str, Sequence[AnnotatedSource]]
WORK = "work"


class Runner:
    """Runs the jobs of a comparison, one after the other.

    Parameters
    ----------
    folder : Path
        The report's.
    class_names : tuple of str
    rules : mapping
        Seconds, epochs, seed and device, the same for all methods.
    settings : mapping
        For each method those of its own.
    total : int
        The number of jobs.
    scheduler : str, optional
        The address of a Dask scheduler on which predictions are scored.
    """

    def __init__(
        self,
        folder: Path,
        class_names: tuple[str, ...],
        rules: Mapping[str, Any],
        settings: Mapping[str, Mapping[str, Any]],
        total: int,
        scheduler: str | None = None,
    ) -> None:
        self.scheduler = scheduler
        self.folder, self.class_names, self.rules, self.settings = folder, class_names, rules, settings
        self.total, self.done = total, 0

    def stage(self, job: dict[str, Any], where: str) -> dict[str, Any]:
        """Run one job in the folder `where`; its outcome may be an error."""
        tell(Step("comparison", self.done, self.total, detail=where))
        self.done += 1
        return run_apart(job, self.place(where), self.scheduler)

    def fit(self, method: str, sides: Sides, where: str, **more: Any) -> dict[str, Any]:
        """Fit a method on one split and predict its test side; return both outcomes, or the error of either."""
        training, validation = sides["training"], sides["validation"]
        assignment = Assignment(
            (*training, *validation),
            tuple(range(len(training), len(training) + len(validation))),
            self.class_names,
            settings={**self.settings.get(method, {}), **more},
            **self.rules,
        )
        fitted = self.stage({"stage": "fit", "method": method, "assignment": asdict(assignment)}, f"{where}/fit")
        if "error" in fitted:
            self.done += 1
            return fitted
        job = {
            "stage": "predict",
            "method": method,
            "model": str(self.model(where)),
            "sources": [asdict(one) for one in sides["test"]],
            "class_names": self.class_names,
            "device": self.rules["device"],
        }
        predicted = self.stage(job, f"{where}/predict")
        return predicted if "error" in predicted else {"fit": fitted, "predict": predicted}

    def model(self, where: str) -> Path:
        """Return where the model of a fit is."""
        return self.place(where) / "fit" / MODEL

    def place(self, where: str) -> Path:
        """Return the folder of a job, or of those of a fit; colons, of variants, are no part of a folder's name."""
        return self.folder / WORK / where.replace(":", "-")


JOB, LOG = "job.json", "log.txt"


Start = Callable[[Path], int]
"""From the folder of a job to how a process of its own ended that did it: its exit code, or minus a signal."""


def run_apart(
    job: Mapping[str, Any],
    folder: Path,
    scheduler: str | None = None,
    *,
    start: Start | None = None,
) -> dict[str, Any]:
    """Return the outcome of a job, its `error` included if it ended with one.

    Parameters
    ----------
    job : dict
        What `terrazzo.comparison.stage` does, as JSON.
    folder : Path
        Of this job alone. What an unfinished run left there is removed, a failure is tried again; an
        outcome of the same job is returned.
    scheduler : str, optional
        The address of a Dask scheduler for what is not measured.
    start : callable, optional
        What runs it, in place of a new Python.
    """
    plain = json.loads(json.dumps(job))
    if (folder / OUTCOME).is_file() and json.loads((folder / JOB).read_text()) == plain:
        outcome: dict[str, Any] = json.loads((folder / OUTCOME).read_text())
        if "error" not in outcome:
            return outcome
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    write_json(folder / JOB, plain)
    code = _run(folder, scheduler) if start is None else start(folder)
    if not (folder / OUTCOME).is_file():
        write_json(folder / OUTCOME, {"error": _why(code, folder / LOG)})
    done: dict[str, Any] = json.loads((folder / OUTCOME).read_text())
    return done


def _run(folder: Path, scheduler: str | None) -> int:
    command = [sys.executable, "-m", "terrazzo.comparison.stage", str(folder / JOB)]
    # a method's module is found where it was found here
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if isinstance(place, str))}
    environment |= {} if scheduler is None else {SCHEDULER: scheduler}
    with (folder / LOG).open("wb") as log:
        # its standard input stays open for as long as this process lives: it ends when we do
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, env=environment
        )
        try:
            return process.wait()
        finally:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()


def _why(code: int, log: Path) -> str:
    """Return one sentence about a process that ended without an outcome."""
    if code < 0:
        return f"its process was ended by signal {-code}, perhaps for want of memory; see {log}"
    lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    return f"its process failed: {lines[-1]} (see {log})"
