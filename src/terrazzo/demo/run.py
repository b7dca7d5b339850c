"""Draw a synthetic image, fit on one part, predict the whole, score the rest, make a picture."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np

from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.blockwise.runs.score import score
from terrazzo.blockwise.runs.write_prediction import write_prediction
from terrazzo.demo.picture import draw_picture
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.ome_zarr_writer import write_ome_zarr
from terrazzo.io.images.open_image import open_image, open_labels
from terrazzo.io.model_file import write_model
from terrazzo.io.output_path import check_ending
from terrazzo.progress import Step, tell
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.synthetic import CLASS_NAMES, colony_image
from terrazzo.training.fit import fit
from terrazzo.training.lattice.settings import LatticeTraining

SMALLEST = 512
SUPERPIXEL_SIZE = 16
STEPS = 300
COLOURS = ("#39424e", "#f2a33c", "#4fb3d9")
# Between the part that is fitted on and the rest that is scored: no superpixel and no neighbour in both.
GAP = 4 * SUPERPIXEL_SIZE
MARKER = ".terrazzo-demo"
MADE = ("image.ome.zarr", "annotation.ome.zarr", "truth.ome.zarr", "model.safetensors", "result.zarr", "picture.png")


def run_demo(output: str | Path, *, size: int = 4096, seed: int = 0, workers: int | None = None) -> dict[str, Any]:
    """Run the demo and return its report.

    Parameters
    ----------
    output : path
        The directory to write into: image, annotation, truth, model, result and picture. An earlier demo there is
        replaced.
    size : int
        The image's side in pixels.
    seed : int
        Which image.
    workers : int, optional
        Processes of the local cluster, by default one per core.

    Raises
    ------
    ParameterError
        If the size is too small for a part to fit on and a rest to score.
    InputError
        If `output` holds something else than an earlier demo.
    """
    if size < SMALLEST:
        raise ParameterError(f"size is {size}; the demo needs at least {SMALLEST} pixels")
    folder = Path(output)
    check_ending(folder, "demo")
    _make_room(folder)
    began = time.perf_counter()
    with cluster_client(workers=workers) as client:
        tell(Step("drawing", 0, 1, detail=f"drawing {size} x {size} pixels of stem-cell colonies"))
        _write_images(folder, size, seed)
        image = open_image(folder / "image.ome.zarr")
        annotation, truth = (open_labels(folder / f"{name}.ome.zarr") for name in ("annotation", "truth"))
        drawn = time.perf_counter()
        model = fit(
            [image],
            [annotation],
            size=SUPERPIXEL_SIZE,
            class_names=dict(zip(CLASS_NAMES, COLOURS, strict=True)),
            training=LatticeTraining(steps=STEPS),
        )
        write_model(model, folder / "model.safetensors")
        fitted = time.perf_counter()
        result = write_prediction(model, image, folder / "result.zarr", client=client)
        predicted = time.perf_counter()
        scores = score(result, truth, client=client)
    draw_picture(folder / "picture.png", image, truth, result, COLOURS, CLASS_NAMES, scores)
    ended = time.perf_counter()
    return {
        "accuracy": scores.accuracy,
        "mean_iou": scores.mean_iou,
        "ceiling": scores.ceiling,
        "iou": dict(zip(CLASS_NAMES, scores.iou.tolist(), strict=True)),
        "megapixels": size * size / 1e6,
        "superpixels": result.run["figures"]["superpixels"],
        "seconds": {
            "draw": drawn - began,
            "fit": fitted - drawn,
            "predict": predicted - fitted,
            "score and picture": ended - predicted,
            "all": ended - began,
        },
        "result": str(folder / "result.zarr"),
        "picture": str(folder / "picture.png"),
    }


def _write_images(folder: Path, size: int, seed: int) -> None:
    """Write the image, the annotation of its first quarter, and the truth of the rest beyond a gap."""
    image, truth = colony_image((size, size), chunks=1024, seed=seed)
    part = size // 2
    rows, columns = (da.arange(size, chunks=1024) for _ in range(2))
    inside = (rows < part)[:, None] & (columns < part)[None]
    near = (rows < part + GAP)[:, None] & (columns < part + GAP)[None]
    unknown = np.uint8(NOT_ANNOTATED)
    write_ome_zarr(folder / "image.ome.zarr", image, axes="yx")
    write_ome_zarr(folder / "annotation.ome.zarr", da.where(inside, truth, unknown), axes="yx")
    write_ome_zarr(folder / "truth.ome.zarr", da.where(near, unknown, truth), axes="yx")


def _make_room(folder: Path) -> None:
    """Remove what an earlier demo made, and nothing else; the marker says that there was one."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"'{folder}' is a file; choose a directory")
    if folder.exists() and not (folder / MARKER).is_file() and any(folder.iterdir()):
        raise InputError(f"'{folder}' holds something else than a demo; choose another directory")
    for name in MADE:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
