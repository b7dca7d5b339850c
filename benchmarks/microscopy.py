"""Where the annotated microscopy lies, and how a set is fitted and scored."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import terrazzo as tz
from terrazzo.io.files import find_images, pair_by_stem

Pair = tuple[Path, Path]


def data_folder(name: str) -> Path:
    """Return the folder of a set, or stop with a message."""
    root = Path(os.environ.get("TERRAZZO_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (root / name).is_dir():
        sys.exit(f"skipped: the set {name} is not at {root}; set TERRAZZO_DATA to the folder that holds it")
    return root / name


def pairs_of(name: str) -> list[Pair]:
    """Return the images of a set with their annotations, sorted by name."""
    folder = data_folder(name)
    return pair_by_stem(find_images(folder / "images"), find_images(folder / "labels"))


def fit_and_score(
    train: list[Pair],
    test: list[Pair],
    class_names: tuple[str, ...],
    size: int,
    network: tz.LatticeSettings,
    training: tz.LatticeTraining,
) -> dict:
    """Fit on one list of pairs and score on another, both from files; return the figures."""
    began = time.perf_counter()
    model = tz.fit(
        [tz.open_image(image) for image, _ in train],
        [tz.open_labels(annotation) for _, annotation in train],
        class_names=class_names,
        size=size,
        network=network,
        training=training,
    )
    fitted = time.perf_counter()
    total = None
    with tempfile.TemporaryDirectory() as folder:
        for image, annotation in test:
            result = tz.write_prediction(model, tz.open_image(image), Path(folder) / f"{image.stem}.zarr")
            scores = tz.score(result, tz.open_labels(annotation))
            total = scores if total is None else total + scores
    ended = time.perf_counter()
    return {
        "images": [len(train), len(test)],
        "accuracy": round(total.accuracy, 4),
        "mean_iou": round(total.mean_iou, 4),
        "iou": {name: round(float(iou), 4) for name, iou in zip(class_names, total.iou, strict=True)},
        "ceiling": round(total.ceiling, 4),
        "validation_accuracy": round(model.fitted["validation_accuracy"], 4),
        "epochs": model.fitted["epochs"],
        "training_seconds": round(model.fitted["seconds"], 1),
        "fit_seconds": round(fitted - began, 1),
        "predict_and_score_seconds": round(ended - fitted, 1),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
