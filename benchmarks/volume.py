"""The serial sections of vnc-sstem as one volume: fit, predict and score with superpixels in three dimensions.

Sections 0 to 8 are annotated for the fit and 11 to 13 for the score; two between are annotated for neither. Each size
of superpixels is fitted with each number of steps of a conditional random field and with each seed: a line of JSON.

python benchmarks/volume.py [SIZE ...] [--crf STEPS ...] [--seeds N ...] [--levels N] [--steps N | --seconds N]
    [--side PIXELS]
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from microscopy import pairs_of

import terrazzo as tz

CLASSES = ("membrane", "glia", "mitochondrion", "synapse", "intracellular")
FITTED, SCORED = slice(0, 9), slice(11, 14)
NOT_ANNOTATED = 255


def main() -> None:
    asked = arguments()
    limit = {"steps": asked.steps} if asked.steps else {"seconds": asked.seconds}
    with tempfile.TemporaryDirectory() as folder:
        volumes = write_volumes(Path(folder), asked.side)
        for seed, size, crf in itertools.product(asked.seeds, asked.sizes, asked.crf):
            shape = tz.LatticeSettings(levels=asked.levels, crf_steps=crf)
            training = tz.LatticeTraining(seed=seed, **limit)
            print(json.dumps({"seed": seed, **measured(volumes, Path(folder), size, shape, training)}), flush=True)


def measured(
    volumes: list[Path], folder: Path, size: tuple[int, ...], network: tz.LatticeSettings, training: tz.LatticeTraining
) -> dict[str, object]:
    """Return what a network of a shape comes to with superpixels of a size."""
    how = partial(tz.fit, size=size, network=network, training=training)
    model, result, scores, figures = fitted_and_scored(volumes, folder, how)
    counted = result.run["figures"]
    return {
        "size": size,
        "crf_steps": network.crf_steps,
        "levels": model.settings.levels,
        "superpixels": counted["superpixels"],
        "unadopted_per_million": round(1e6 * counted["unadopted_pixels"] / counted["pixels"]),
        "ceiling": round(scores.ceiling, 4),
        **figures,
    }


def fitted_and_scored(
    volumes: list[Path], folder: Path, how: Callable[..., Any]
) -> tuple[Any, tz.Result, tz.Scores, dict[str, object]]:
    """Fit on the first sections, predict the volume and score the last; return what came of each, and its figures."""
    image, fitted, scored = volumes
    began = time.perf_counter()
    model = how([tz.open_image(image)], [tz.open_labels(fitted)], class_names=CLASSES)
    trained = time.perf_counter()
    result = tz.write_prediction(model, tz.open_image(image), folder / "result.zarr", overwrite=True)
    predicted = time.perf_counter()
    scores = tz.score(result, tz.open_labels(scored))
    figures = {
        "accuracy": round(scores.accuracy, 4),
        "mean_iou": round(scores.mean_iou, 4),
        "iou": {name: round(float(iou), 4) for name, iou in zip(CLASSES, scores.iou, strict=True)},
        "steps": model.fitted["steps"],
        "fit_seconds": round(trained - began, 1),
        "predict_seconds": round(predicted - trained, 1),
    }
    return model, result, scores, figures


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=size_of, default=[(2, 8, 8), (1, 8, 8)])
    parser.add_argument("--crf", nargs="+", type=int, default=[0, 3])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--levels", type=int)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--side", type=int, help="only so many pixels along y and x")
    return parser.parse_args()


def size_of(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def write_volumes(folder: Path, side: int | None = None, whole: bool = False) -> list[Path]:
    """Write the image and the two halves of its annotation, or the whole of it, as OME-Zarr volumes."""
    pairs = pairs_of("vnc-sstem")
    image, annotation = (
        np.concatenate([np.asarray(opened.data) for opened in map(open_, part)])[:, :side, :side]
        for open_, part in zip((tz.open_image, tz.open_labels), zip(*pairs, strict=True), strict=True)
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
    main()
