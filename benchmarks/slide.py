"""A 92 Mpx H&E slide from the command line: rule-made scribbles, fit, predict; peak memory and Mpx/s.

python benchmarks/slide.py [FOLDER]
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from pathlib import Path

import dask.array as da
import numpy as np
from microscopy import data_folder
from processes import terrazzo

import terrazzo as tz
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

CLASSES = "glass,tissue"
SPOTS, RADIUS = 400, 12


def main() -> None:
    given = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given[0] if given else temporary)
        folder.mkdir(parents=True, exist_ok=True)
        image, scribbles = folder / "slide.ome.zarr", folder / "scribbles.ome.zarr"
        model, result = folder / "model.safetensors", folder / "result.zarr"
        source = tz.open_image(next((data_folder("breast-he-slide") / "images").glob("*.jpg")))
        if not image.exists():
            tz.write_ome_zarr(image, source.data)
        if not scribbles.exists():
            tz.write_ome_zarr(scribbles, scribble(tz.open_image(image)), axes="yx")
        fitted = terrazzo("fit", image, scribbles, "-o", model, "--classes", CLASSES, "--size", 16, "--overwrite")
        alone = terrazzo("predict", image, "-m", model, "-o", result, "--overwrite", "--workers", 1)
        predicted = terrazzo("predict", image, "-m", model, "-o", result, "--overwrite", "--workers", 2)
        pixels = source.extent[0] * source.extent[1]
        work, work_alone = (sum(run["seconds"].values()) for run in (predicted, alone))
        print(
            json.dumps(
                {
                    "megapixels": round(pixels / 1e6, 1),
                    "fit_wall_seconds": fitted["wall_seconds"],
                    "fit_peak_pss_mib": fitted["peak_pss_mib"],
                    "validation_accuracy": round(fitted["validation_accuracy"], 4),
                    "predict_wall_seconds": predicted["wall_seconds"],
                    "predict_peak_pss_mib": predicted["peak_pss_mib"],
                    "predict_mpx_per_second": round(pixels / 1e6 / work, 2),
                    "predict_mpx_per_second_of_one_worker": round(pixels / 1e6 / work_alone, 2),
                    "superpixels": predicted["superpixels"],
                    "agreement_with_the_rule": agreement(tz.open_image(image), result),
                    "peak_memory_of_this_script_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                },
                indent=1,
            )
        )


def scribble(image: tz.Image) -> da.Array:
    """Annotate small discs at random places: glass where the slide is bright and grey, tissue where coloured.

    Between both thresholds, and everywhere else, nothing is annotated.
    """
    rng = np.random.default_rng(0)
    annotation = np.full(image.extent, NOT_ANNOTATED, np.uint8)
    for y, x in zip(*(rng.integers(RADIUS, n - RADIUS, SPOTS) for n in image.extent), strict=True):
        disc = (slice(y - RADIUS, y + RADIUS), slice(x - RADIUS, x + RADIUS))
        annotation[disc] = rule(image.stored[(slice(None), *disc)])
    return da.from_array(annotation, chunks=2048)


def rule(pixels: np.ndarray) -> np.ndarray:
    """0 = glass, 1 = tissue, 255 = neither for certain, from brightness and saturation (c, y, x)."""
    values = pixels.astype(np.float32)
    saturation = values.max(axis=0) - values.min(axis=0)
    darkest = values.min(axis=0)
    glass, tissue = (saturation < 12) & (darkest > 205), (saturation > 35) & (darkest < 200)
    return np.where(glass, 0, np.where(tissue, 1, NOT_ANNOTATED)).astype(np.uint8)


def agreement(image: tz.Image, result: Path) -> float:
    """The share of pixels, of those that the rule is certain about, on which the prediction agrees with it."""
    certain = right = 0
    opened = tz.open_result(result)
    for top in range(0, image.extent[0], 1024):
        rows = slice(top, min(top + 1024, image.extent[0]))
        wanted = rule(image.stored[:, rows, :])
        found = opened.read_classes((rows, slice(None)))
        certain += int((wanted != NOT_ANNOTATED).sum())
        right += int((wanted == found).sum())
    return round(right / certain, 4)


if __name__ == "__main__":
    main()
