"""What a process of its own does for the comparison: fit one method, or predict with it, and write what it took.

`python -m terrazzo.comparison.stage job.json` reads the job and writes `outcome.json` beside it, whole or not at all.
"""

from __future__ import annotations

import gc
import json
import math
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from terrazzo.comparison.assignment import AnnotatedSource, Assignment, Source, sources_from_json
from terrazzo.comparison.methods import Method, Shrinking, find_method, shrinkable
from terrazzo.comparison.resources import measured
from terrazzo.errors import TerrazzoError
from terrazzo.models.device import choose_device

OUTCOME, MODEL = "outcome.json", "model.safetensors"
LEAST_BATCH, LEAST_PATCH = 1, 32
TOO_SMALL = "the GPU's memory is too small: "


def run_stage(job_file: Path) -> None:
    """Do a job and write its outcome; a mistake or a lack of memory is an outcome as well."""
    job = json.loads(job_file.read_text())
    method, folder = find_method(job["method"]), job_file.parent
    try:
        outcome = STAGES[job["stage"]](method, job, folder)
    except TerrazzoError as error:
        outcome = {"error": str(error)}
    except MemoryError:
        outcome = {"error": "there was not enough memory; use a machine with more, or leave this method out"}
    except Exception as error:
        if not _is_gpu_out_of_memory(error):
            raise
        outcome = {"error": f"{TOO_SMALL}{_first_line(error)}; use another GPU or device cpu"}
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
            if not _is_gpu_out_of_memory(error):
                raise
            lacking = _first_line(error)
    if lacking is not None:  # the error, and with it what its frames held on the GPU, is gone by now
        return {"error": _advice(method, assignment, lacking)}
    fitted = dict(model.fitted) if hasattr(model, "fitted") else {}
    too_small = _too_small_a_budget(assignment.options()["seconds"], fitted, taken.seconds)
    if too_small:
        return {"error": too_small}
    method.write_model(model, folder / MODEL)
    return {"resources": asdict(taken), "fitted": fitted}


def predict_stage(method: Method, job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Predict and score each test image."""
    from terrazzo.blockwise.score import score

    model = method.open_model(Path(job["model"]))
    classes, device = len(job["class_names"]), _warm_up(method, job["device"])
    images, figures = [], None
    for number, one in enumerate(sources_from_json(job["sources"])):
        image, path = one.image.image(), folder / "predictions" / f"{number}.zarr"
        path.parent.mkdir(exist_ok=True)
        with measured(device) as taken:
            prediction = method.write_prediction(model, image, path, job["device"])
        figures = figures or method.figures(model, prediction)
        scores = score(prediction, one.annotation.labels(), classes=classes)
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
    return {"images": images, "figures": figures}


def grow_stage(method: Method, job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Predict one large image, for what it takes."""
    model, image = method.open_model(Path(job["model"])), Source(**job["image"]).image()
    device, path = _warm_up(method, job["device"]), folder / "prediction.zarr"
    with measured(device) as taken:
        method.write_prediction(model, image, path, job["device"])
    shutil.rmtree(path)
    return {"resources": asdict(taken)}


STAGES = {"fit": fit_stage, "predict": predict_stage, "grow": grow_stage}


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
    """Return a sentence if not even one epoch, with all that comes before it, fitted into the budget."""
    if seconds is None or fitted.get("epochs", 2) > 1 or took <= seconds:
        return None
    lasted = f"{took:.0f}" if took >= 10 else f"{took:.2g}"
    return (
        f"a budget of {seconds:g} s is too small for one epoch, which took {lasted} s with all that comes before it; "
        f"give at least {math.ceil(10 * took)}"
    )


def _is_gpu_out_of_memory(error: Exception) -> bool:
    """Return whether it is torch's error, or one of ours that was raised from it."""
    return isinstance(error, torch.OutOfMemoryError) or isinstance(error.__cause__, torch.OutOfMemoryError)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["out of memory"])[0].rstrip(".")


def _advice(method: Method, assignment: Assignment, lacking: str) -> str:
    """Return a sentence with the settings, halved in turn, that one epoch runs with."""
    own = {name: value for name, value in assignment.settings.items() if name not in ("seconds", "epochs")}
    for settings in halved(shrinkable(method, assignment)):
        _empty_cache()
        try:
            method.fit(replace(assignment, settings={**own, **settings}, seconds=None, epochs=1))
        except Exception as again:
            if _is_gpu_out_of_memory(again):
                continue
            if isinstance(again, TerrazzoError):  # too small for the method itself
                break
            raise
        wanted = " and ".join(f"{name} {_plain(value)}" for name, value in settings.items())
        return f"{TOO_SMALL}{wanted} would fit; set them, or use another GPU"
    return f"{TOO_SMALL}{lacking}, and nothing smaller fits; use another GPU or device cpu"


def halved(settings: Mapping[str, Shrinking]) -> Iterator[dict[str, Shrinking]]:
    """Yield the settings, first the first of them halved until it is 1, then the next, a length or one per axis, to 32.

    Lengths that are odd or less than 64 stay.
    """
    now = dict(settings)
    for place, (name, value) in enumerate(settings.items()):
        least = LEAST_PATCH if place else LEAST_BATCH
        while (smaller := _half(value, least)) != value:
            now[name] = value = smaller
            yield dict(now)


def _half(value: Shrinking, least: int) -> Shrinking:
    if isinstance(value, int):
        return value // 2 if value // 2 >= least and (least == 1 or value % 2 == 0) else value
    return [_half(length, least) for length in value]  # type: ignore[misc]


def _plain(value: Shrinking) -> str:
    return str(value) if isinstance(value, int) else ",".join(map(str, value))


def _empty_cache() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _end_with_parent() -> None:
    """End this process when the one that started it has ended: its end of the pipe is then closed."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    _end_with_parent()
    try:
        run_stage(Path(sys.argv[1]))
    except Exception:
        traceback.print_exc()
        sys.exit(1)
