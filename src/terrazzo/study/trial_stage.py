"""What a process of its own does for a search: fit a tree, tell how it goes, and score it on the validation side."""

from __future__ import annotations

import json
import resource
import shutil
import time
from collections.abc import Mapping
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import dask

from terrazzo.comparison.methods import Method
from terrazzo.comparison.reporting.report import scores_of, without_nan
from terrazzo.comparison.stage import MODEL, Stage, fit_stage, predict_stage, predicted
from terrazzo.models.device import choose_device
from terrazzo.progress import Step, on_progress

CURVE = "curve.jsonl"

# What torch and its libraries say where a CPU's memory is at its limit, each seen under one.
CPU_IS_FULL = ("DefaultCPUAllocator", "could not create a primitive", "Invalid thread pool")

NO_MEMORY = "its memory was not enough; grant a trial more (--memory), or use fewer workers"

NONE_LEFT = "the machine had not enough memory left; use fewer workers, or a machine with more"
"""Where nothing but the machine limits a process."""


class StoppedEarlyError(Exception):
    """The search wants no more of this trial."""


def trial_stage(method: Method, job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Fit the tree of a job on its training side, and predict and score its validation side."""
    # the drivers of a GPU take hold of far more than they use
    limited = choose_device(job["device"]).type == "cpu"
    if limited:
        _limit_memory(job["memory"])
    with dask.config.set(scheduler="synchronous"):
        try:
            return _said(_tried, method, job, folder, lacking=NO_MEMORY if limited else NONE_LEFT)
        except StoppedEarlyError:
            return {"pruned": True}


def test_side_stage(method: Method, job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Predict and score the test side with one of the best models, with all the memory that there is."""
    return _said(predict_stage, method, job, folder, lacking=NONE_LEFT)


STAGES: dict[str, Stage] = {"trial": trial_stage, "predict": test_side_stage}


def _said(stage: Stage, method: Method, job: Mapping[str, Any], folder: Path, *, lacking: str) -> dict[str, Any]:
    """Return what a stage does, or a sentence where it lacks memory."""
    try:
        return stage(method, job, folder)
    except MemoryError:
        return {"error": lacking}
    except RuntimeError as error:
        if not any(words in str(error) for words in CPU_IS_FULL):
            raise
        return {"error": lacking}


def _tried(method: Method, job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    began = time.perf_counter()
    with on_progress(_Curve(folder)):
        fitted = fit_stage(method, job, folder)
    if "error" in fitted:
        return fitted
    found, _ = predicted(method, method.open_model(folder / MODEL), job, folder)
    shutil.rmtree(folder / "predictions")
    images = found["images"]
    scores = reduce(add, map(scores_of, images)).summary(job["class_names"])
    taken = [image["resources"] for image in images]
    return {
        "scores": without_nan(scores),
        "seconds_per_megapixel": sum(one["seconds"] for one in taken) / sum(one["pixels"] for one in images) * 1e6,
        "seconds": time.perf_counter() - began,
        "training_seconds": fitted["resources"]["seconds"],
        "peak_memory": max(one["peak_memory"] for one in (fitted["resources"], *taken)),
        "fitted": without_nan(fitted["fitted"]),
        "figures": found["figures"],
    }


class _Curve:
    """Writes how validation goes, a line after each epoch, and ends the work if it is asked to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, step: Step) -> None:
        if step.name != "epochs":
            return
        epoch = step.detail
        value = epoch.validation_accuracy if epoch.validation_mean_iou is None else epoch.validation_mean_iou
        line = {"percent": 100 * step.done // step.total, "value": value, "seconds": epoch.seconds}
        with (self.folder / CURVE).open("a") as file:
            file.write(json.dumps(line) + "\n")
        if stop_file(self.folder).exists():
            raise StoppedEarlyError


def stop_file(folder: Path) -> Path:
    """Return the file that ends a trial: beside its folder, where it stays if the trial is begun again."""
    return folder.with_suffix(".stop")


def read_curve(folder: Path) -> list[tuple[int, float]]:
    """Return how far training was, in percent, and what validation came to, after each epoch that is written whole."""
    try:
        *lines, _ = (folder / CURVE).read_text().split("\n")
    except FileNotFoundError:
        return []
    return [(one["percent"], one["value"]) for one in map(json.loads, lines)]


def _limit_memory(most: int) -> None:
    """Let the system refuse this process more memory of its own than so many bytes."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
