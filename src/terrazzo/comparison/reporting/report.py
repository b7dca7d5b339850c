"""The report of a comparison: `report.json`, PNGs, and one self-contained `index.html`."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.comparison.confidence import AFTER, BEFORE
from terrazzo.comparison.growth import LIMITS, where_it_stops
from terrazzo.comparison.methods import title_of
from terrazzo.comparison.reporting.page import write_page
from terrazzo.comparison.reporting.pictures import draw_pictures
from terrazzo.comparison.splitting.split import Split
from terrazzo.comparison.stage import write_json
from terrazzo.models.device import choose_device
from terrazzo.regions.classes.calibration import calibration_error
from terrazzo.regions.classes.scores import Scores
from terrazzo.version import __version__

GIB = 2**30
SUMS, MOSTS = ("seconds", "energy"), ("peak_memory", "gpu_memory", "gpu_device_memory")


@dataclass(frozen=True)
class Measured:
    """What all processes found out.

    Parameters
    ----------
    split : Split
    outcomes : dict
        For each method the outcome of each fold: of "fit" and "predict", or an "error".
    sizes : dict
        For each size of superpixels the outcome of the network on superpixels on the first fold.
    growth : dict
        For each method what predicting images of each side took.
    """

    split: Split
    outcomes: dict[str, list[dict[str, Any]]]
    sizes: dict[int, dict[str, Any]]
    growth: dict[str, list[dict[str, Any]]]


def write_report(folder: Path, measured: Measured, given: Mapping[str, Any]) -> dict[str, Any]:
    """Write the report and return what is in `report.json`."""
    names = measured.split.class_names
    methods = {name: _method(title_of(name), outcomes, names) for name, outcomes in measured.outcomes.items()}
    report = {
        "version": __version__,
        "machine": _machine(given["device"]),
        "settings": dict(given),
        "class_names": list(names),
        "folds": list(measured.split.names),
        "methods": methods,
        "summary": summary(methods),
        "trade_off": [_traded(size, outcome, names) for size, outcome in measured.sizes.items()],
        "growth": {name: _growth(points) for name, points in measured.growth.items()},
        "pictures": draw_pictures(folder, measured.split, measured.outcomes),
    }
    plain: dict[str, Any] = without_nan(report)
    write_json(folder / "report.json", plain)
    write_page(folder / "index.html", folder, plain)
    return plain


def summary(methods: Mapping[str, Mapping[str, Any]]) -> str:
    """Return one or two sentences that say which method was the most accurate, and what the others cost beside it."""
    done = {name: one for name, one in methods.items() if "error" not in one}
    # a method that lacks folds may have lacked the hard ones
    done = {name: one for name, one in done.items() if not one.get("failed_folds")} or done
    best = max(done, key=lambda name: done[name]["scores"]["accuracy"])
    scores = done[best]["scores"]
    text = (
        f"{done[best]['title']} was the most accurate: {scores['accuracy']:.1%} of the test pixels right, mean IoU "
        f"{scores['mean_iou']:.3f}."
    )
    for name, one in done.items():
        if name != best:
            text += " " + _beside(one, done[best])
    return text


def without_nan(value: Any) -> Any:
    """Return the value with None for NaN and infinity, which JSON does not have."""
    if isinstance(value, Mapping):
        return {str(name): without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _beside(one: Mapping[str, Any], best: Mapping[str, Any]) -> str:
    behind = f"{100 * (best['scores']['accuracy'] - one['scores']['accuracy']):.1f}"
    trained = best["training"]["seconds"] / max(one["training"]["seconds"], 1e-9)
    predicted = best["seconds_per_megapixel"] / max(one["seconds_per_megapixel"], 1e-9)
    ceiling = one["scores"]["ceiling"]
    limit = "" if math.isnan(ceiling) else f" (its superpixels allow {ceiling:.1%} at most)"
    cost = f"{_times(trained)} to train and {_times(predicted)} to predict"
    return f"{one['title']}: {'as accurate' if behind == '0.0' else f'{behind} points less'}{limit}, {cost}."


def _times(ratio: float) -> str:
    if 0.9 < ratio < 1.1:
        return "as long"
    return f"{ratio:.1f} times quicker" if ratio > 1 else f"{1 / ratio:.1f} times longer"


def _method(title: str, outcomes: Sequence[Mapping[str, Any]], class_names: Sequence[str]) -> dict[str, Any]:
    """Return the figures of a method, over all folds that it finished."""
    errors = [outcome["error"] for outcome in outcomes if "error" in outcome]
    done = [outcome for outcome in outcomes if "error" not in outcome]
    if not done:
        return {"title": title, "error": errors[0]}
    scores = [reduce(add, map(scores_of, outcome["predict"]["images"])) for outcome in done]
    whole = reduce(add, scores)
    images = [image for outcome in done for image in outcome["predict"]["images"]]
    accuracies = [one.accuracy for one in scores]
    prediction = _taken([image["resources"] for image in images])
    return {
        "title": title,
        "scores": whole.summary(class_names),
        "calibration_error_before": _error_before(images),
        "fold_accuracies": accuracies,
        "accuracy_deviation": float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else None,
        "training": _mean_of_folds([outcome["fit"]["resources"] for outcome in done]),
        "prediction": prediction,
        "seconds_per_megapixel": prediction["seconds"] / sum(image["pixels"] for image in images) * 1e6,
        "fitted": done[0]["fit"]["fitted"],
        "images": [{"name": image["name"], "accuracy": scores_of(image).accuracy} for image in images],
        "failed_folds": errors,
        **done[0]["predict"]["figures"],
    }


def scores_of(image: Mapping[str, Any]) -> Scores:
    """Return the scores of an image, as the outcome of a prediction has them."""
    boundaries, confidence = (_counts(image.get(name)) for name in ("boundaries", AFTER))
    return Scores(np.array(image["confusion"], np.int64), image["best"], boundaries, confidence)


def _counts(table: Any) -> NDArray[np.int64] | None:
    return None if table is None else np.array(table, np.int64)


def _error_before(images: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the calibration error of what was not calibrated yet; None of what never is."""
    counts = [_counts(image.get(BEFORE)) for image in images]
    known = [one for one in counts if one is not None]
    return calibration_error(np.sum(known, axis=0)) if len(known) == len(counts) else None


def _taken(resources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sum of seconds and energy, and the most memory."""
    found: dict[str, Any] = {"energy_from": resources[0]["energy_from"]}
    for names, join in ((SUMS, sum), (MOSTS, max)):
        for name in names:
            known = [one[name] for one in resources if one[name] is not None]
            found[name] = join(known) if known else None
    return found


def _mean_of_folds(resources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    taken = _taken(resources)
    for name in SUMS:
        taken[name] = None if taken[name] is None else taken[name] / len(resources)
    return taken


def _traded(size: int, outcome: Mapping[str, Any], class_names: Sequence[str]) -> dict[str, Any]:
    if "error" in outcome:
        return {"size": size, "error": outcome["error"]}
    one = _method("", [outcome], class_names)
    scores = {name: one["scores"][name] for name in ("accuracy", "mean_iou", "ceiling")}
    memory = max(one["training"]["peak_memory"], one["prediction"]["peak_memory"])
    seconds = {"training_seconds": one["training"]["seconds"], "seconds_per_megapixel": one["seconds_per_megapixel"]}
    return {"size": size, **scores, **seconds, "peak_memory": memory}


def _growth(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    done = [point for point in points if "error" not in point]
    sides = [point["side"] for point in done]
    found: dict[str, Any] = {"sides": sides, "errors": [point["error"] for point in points if "error" in point]}
    for name in ("peak_memory", "gpu_memory"):
        peaks = [point["resources"][name] for point in done]
        if all(peak is not None for peak in peaks):
            found[name] = peaks
            found[f"{name}_stops_at"] = {f"{limit} GiB": where_it_stops(sides, peaks, limit * GIB) for limit in LIMITS}
    return found


def _machine(device: str) -> dict[str, Any]:
    on = choose_device(device)
    gpu = torch.cuda.get_device_name(on) if on.type == "cuda" else None
    return {"cores": os.cpu_count(), "processor": platform.machine(), "system": platform.system(), "gpu": gpu}
