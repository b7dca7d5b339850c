"""The serial sections of vnc-sstem as one volume: fit, predict and score with superpixels in three dimensions.

Sections 0 to 8 are annotated for the fit and 11 to 13 for the score; two between are annotated for neither.

python benchmarks/volume.py [SIZE]
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from microscopy import pairs_of

import terrazzo as tz

CLASSES = ("membrane", "glia", "mitochondrion", "synapse", "intracellular")
FITTED, SCORED = slice(0, 9), slice(11, 14)
NOT_ANNOTATED = 255
NETWORK, TRAINING = tz.LatticeSettings(), tz.LatticeTraining(seconds=150)


def main(size: tuple[int, ...] = (2, 8, 8)) -> None:
    with tempfile.TemporaryDirectory() as folder:
        image, fitted, scored = write_volumes(Path(folder))
        began = time.perf_counter()
        model = tz.fit(
            [tz.open_image(image)],
            [tz.open_labels(fitted)],
            size=size,
            class_names=CLASSES,
            network=NETWORK,
            training=TRAINING,
        )
        trained = time.perf_counter()
        result = tz.write_prediction(model, tz.open_image(image), Path(folder) / "result.zarr")
        predicted = time.perf_counter()
        scores = tz.score(result, tz.open_labels(scored))
        figures = result.run["figures"]
    report = {
        "size": size,
        "superpixels": figures["superpixels"],
        "unadopted_per_million": round(1e6 * figures["unadopted_pixels"] / figures["pixels"]),
        "accuracy": round(scores.accuracy, 4),
        "mean_iou": round(scores.mean_iou, 4),
        "iou": {name: round(float(iou), 4) for name, iou in zip(CLASSES, scores.iou, strict=True)},
        "ceiling": round(scores.ceiling, 4),
        "training_seconds": round(model.fitted["seconds"], 1),
        "fit_seconds": round(trained - began, 1),
        "predict_seconds": round(predicted - trained, 1),
    }
    print(json.dumps(report))


def write_volumes(folder: Path, whole: bool = False) -> list[Path]:
    """Write the image and the two halves of its annotation, or the whole of it, as OME-Zarr volumes."""
    pairs = pairs_of("vnc-sstem")
    image, annotation = (
        np.concatenate([np.asarray(opened.data) for opened in map(open_, side)])
        for open_, side in zip((tz.open_image, tz.open_labels), zip(*pairs, strict=True), strict=True)
    )
    paths = []
    halves = (("fitted", annotation, FITTED), ("scored", annotation, SCORED))
    for name, volume, kept in (
        ("image", image, slice(None)),
        *((("whole", annotation, slice(None)),) if whole else halves),
    ):
        part = np.full_like(volume, NOT_ANNOTATED)
        part[kept] = volume[kept]
        paths.append(folder / f"{name}.ome.zarr")
        tz.write_ome_zarr(paths[-1], part, axes="zyx", pixel_size=(0.045, 0.0046, 0.0046))
    return paths


if __name__ == "__main__":
    main(*(tuple(map(int, argument.split(","))) for argument in sys.argv[1:]))
