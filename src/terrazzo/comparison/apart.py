"""Run a job in a fresh process, so that its memory is its own; a job that is done is not done again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from terrazzo.comparison.stage import OUTCOME, write_json

JOB, LOG = "job.json", "log.txt"


def run_apart(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the outcome of a job, its `error` included if it ended with one.

    Parameters
    ----------
    job : dict
        What `terrazzo.comparison.stage` does, as JSON.
    folder : Path
        Of this job alone. What an unfinished run left there is removed, a failure is tried again; an
        outcome of the same job is returned.
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
    code = _run(folder)
    if not (folder / OUTCOME).is_file():
        write_json(folder / OUTCOME, {"error": _why(code, folder / LOG)})
    done: dict[str, Any] = json.loads((folder / OUTCOME).read_text())
    return done


def _run(folder: Path) -> int:
    command = [sys.executable, "-m", "terrazzo.comparison.stage", str(folder / JOB)]
    # a method's module is found where it was found here
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if isinstance(place, str))}
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
