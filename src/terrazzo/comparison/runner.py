"""Fit a method and predict with it, each in a process of its own, and tell how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from terrazzo.comparison.apart import run_apart
from terrazzo.comparison.assignment import AnnotatedSource, Assignment
from terrazzo.comparison.stage import MODEL
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
    """

    def __init__(
        self,
        folder: Path,
        class_names: tuple[str, ...],
        rules: Mapping[str, Any],
        settings: Mapping[str, Mapping[str, Any]],
        total: int,
    ) -> None:
        self.folder, self.class_names, self.rules, self.settings = folder, class_names, rules, settings
        self.total, self.done = total, 0

    def stage(self, job: dict[str, Any], where: str) -> dict[str, Any]:
        """Run one job in the folder `where`; its outcome may be an error."""
        tell(Step("comparison", self.done, self.total, detail=where))
        self.done += 1
        return run_apart(job, self.place(where))

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
