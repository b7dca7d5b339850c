"""What a process of its own does for the comparison: fit one method, or predict with it, and write what it took.

`python -m terrazzo.comparison.stage job.json` reads the job and writes `outcome.json` beside it, whole or not at all.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from distributed import Client

from terrazzo.comparison.assignment import AnnotatedSource, Assignment, Source, sources_from_json
from terrazzo.comparison.gpu_advice import is_gpu_out_of_memory, too_small, what_would_fit
from terrazzo.comparison.methods import Method, find_method
from terrazzo.comparison.resources import measured
from terrazzo.errors import TerrazzoError
from terrazzo.io.images.image import Image
from terrazzo.io.results.result import Result
from terrazzo.models.device import choose_device
from terrazzo.training.rules.schedule import LEAST_STEPS

OUTCOME, MODEL = "outcome.json", "model.safetensors"
SCHEDULER = "TERRAZZO_SCORING_SCHEDULER"


NO_MEMORY = "there was not enough memory; use a machine with more, or leave this method out"


def run_stage(job_file: Path, stages: Mapping[str, Stage] | None = None) -> None:
    """Do a job and write its outcome; a mistake or a lack of memory, which is said in so many words, is one as well."""
    job = json.loads(job_file.read_text())
    method, folder = find_method(job["method"]), job_file.parent
    try:
        outcome = (STAGES if stages is None else stages)[job["stage"]](method, job, folder)
    except TerrazzoError as error:
        outcome = {"error": str(error)}
    except MemoryError:
        outcome = {"error": NO_MEMORY}
    except Exception as error:
        if not is_gpu_out_of_memory(error):
            raise
        outcome = {"error": too_small(error)}
    write_json(folder / OUTCOME, outcome)


def fit_stage(method: Method, job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Fit on the assignment and write the model."""
    assignment = Assignment.from_json(job["assignment"])
    device = _warm_up(method, assignment.options()["device"])
    lacking = None
    with measured(device) as taken:
        try:
            model = method.fit(assignment)
        except Exception as error:
            if not is_gpu_out_of_memory(error):
                raise
            lacking = too_small(error)
    if lacking is not None:  # the error, and with it what its frames held on the GPU, is gone by now
        return {"error": what_would_fit(method, assignment) or lacking}
    fitted = dict(model.fitted) if hasattr(model, "fitted") else {}
    spent = _too_small_a_budget(assignment.options().get("seconds"), fitted, taken.seconds)
    if spent:
        return {"error": spent}
    method.write_model(model, folder / MODEL)
    return {"resources": asdict(taken), "fitted": fitted}


def predict_stage(method: Method, job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Predict and score each test image."""
    from terrazzo.comparison.confidence import confidence_of

    model = method.open_model(Path(job["model"]))
    outcome, predictions = predicted(method, model, job, folder)
    # after all that is measured, since it takes memory as well
    with _scoring_client() as client:
        for found, given in zip(outcome["images"], predictions, strict=True):
            found |= confidence_of(model, *given, job["device"], client)
    return outcome


def predicted(
    method: Method, model: Any, job: Mapping[str, Any], folder: Path
) -> tuple[dict[str, Any], list[tuple[Image, Image, Result | Image]]]:
    """Predict and score each image of a job; return the outcome, and images, annotations and predictions."""
    from terrazzo.blockwise.runs.score import score

    classes, device = len(job["class_names"]), _warm_up(method, job["device"])
    images, predictions, figures = list[dict[str, Any]](), list[tuple[Image, Image, Result | Image]](), None
    for number, one in enumerate(sources_from_json(job["sources"])):
        image, path = one.image.image(), folder / "predictions" / f"{number}.zarr"
        path.parent.mkdir(exist_ok=True)
        with measured(device) as taken:
            prediction = method.write_prediction(model, image, path, job["device"])
        figures = figures or method.figures(model, prediction)
        with _scoring_client() as client:
            scores = score(prediction, one.annotation.labels(), classes=classes, client=client)
        images.append(
            {
                "name": one.name,
                "prediction": str(path),
                "pixels": _pixels(one),
                "resources": asdict(taken),
                "confusion": scores.confusion.tolist(),
                "best": scores.best,
                "boundaries": None if scores.boundaries is None else scores.boundaries.tolist(),
            }
        )
        predictions.append((image, one.annotation.labels(), prediction))
    return {"images": images, "figures": figures}, predictions


def _scoring_client() -> AbstractContextManager[Client | None]:
    """Give a client of the scheduler that the comparison was given, for what is not measured."""
    address = os.environ.get(SCHEDULER)
    return nullcontext() if address is None else Client(address, set_as_default=False)


def grow_stage(method: Method, job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Predict one large image, for what it takes."""
    model, image = method.open_model(Path(job["model"])), Source(**job["image"]).image()
    device, path = _warm_up(method, job["device"]), folder / "prediction.zarr"
    with measured(device) as taken:
        method.write_prediction(model, image, path, job["device"])
    shutil.rmtree(path)
    return {"resources": asdict(taken)}


Stage = Callable[[Method, Mapping[str, Any], Path], dict[str, Any]]
STAGES: dict[str, Stage] = {"fit": fit_stage, "predict": predict_stage, "grow": grow_stage}


def _warm_up(method: Method, device: str) -> torch.device:
    """Start the GPU, and let a method load and compile what it needs, before the clock starts; return the device."""
    on = choose_device(device)
    torch.nn.Conv2d(1, 1, 3).to(on)(torch.zeros(1, 1, 8, 8, device=on))
    warm_up = getattr(method, "warm_up", None)
    if warm_up is not None:
        warm_up()
    return on


def write_json(path: Path, values: Any) -> None:
    """Write JSON, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(values, indent=1) + "\n")
    partial.replace(path)


def _pixels(one: AnnotatedSource) -> int:
    extent = one.image.image().extent
    total = 1
    for length in extent:
        total *= length
    return total


def _too_small_a_budget(seconds: float | None, fitted: Mapping[str, float], took: float) -> str | None:
    """Return a sentence if not even the least steps, with all that comes before them, fitted into the budget."""
    if seconds is None or fitted.get("steps", math.inf) > LEAST_STEPS or took <= seconds:
        return None
    lasted = f"{took:.0f}" if took >= 10 else f"{took:.2g}"
    return (
        f"a budget of {seconds:g} s is too small for {fitted['steps']:.0f} steps, which took {lasted} s with all that "
        f"comes before them; give at least {math.ceil(10 * took * LEAST_STEPS / fitted['steps'])}"
    )


def end_with_parent() -> None:
    """End this process when the one that started it has ended: its end of the pipe is then closed."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    end_with_parent()
    try:
        run_stage(Path(sys.argv[1]))
    except Exception:
        traceback.print_exc()
        sys.exit(1)
