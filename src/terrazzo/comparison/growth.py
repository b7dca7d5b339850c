"""How the memory of a prediction grows with the side of the image, and where it would stop."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from terrazzo.comparison.assignment import Source
from terrazzo.comparison.folder import INPUTS
from terrazzo.comparison.runner import Runner
from terrazzo.io.images.ome_zarr_writer import write_ome_zarr
from terrazzo.io.images.open_image import open_image

GIB = 2**30
LIMITS = (24, 80)
# Peaks that differ by less than this share of themselves are the same: allocators and threads vary as much.
SAME = 0.1
TILE, CHUNK = 1024, 1024
MOST_SECONDS = 180
"""What a method may be expected to take for a point: where the one before it says more, it is left out."""


def growth(
    runner: Runner, methods: Sequence[str], image: Source, sides: Sequence[int]
) -> dict[str, list[dict[str, Any]]]:
    """Return for each method what predicting images of each side took, with the models of the first fold.

    The images are one image, mirrored over and over; each is removed once it has been predicted. Without sides there
    is nothing to return.
    """
    found: dict[str, list[dict[str, Any]]] = {method: [] for method in methods} if sides else {}
    for side in sorted(sides):
        path = runner.folder / INPUTS / f"side-{side}.zarr"
        expected = {method: _expected_seconds(points, side) for method, points in found.items()}
        for method in methods:
            if expected[method] <= MOST_SECONDS:
                job = {
                    "stage": "grow",
                    "method": method,
                    "model": str(runner.model(f"fold-0/{method}")),
                    "image": asdict(_large(image, side, path)),
                    "device": runner.rules["device"],
                }
                outcome = runner.stage(job, f"side-{side}/{method}")
            else:
                runner.done += 1
                outcome = {"error": f"{side} px were left out: they would take about {expected[method]:.0f} s"}
            found[method].append({"side": side, **outcome})
        if path.exists():
            shutil.rmtree(path)
    return found


def _expected_seconds(points: Sequence[dict[str, Any]], side: int) -> float:
    """Return what a side takes by the time per pixel of the largest one before it; 0 where there is none."""
    done = [point for point in points if "resources" in point]
    return done[-1]["resources"]["seconds"] * (side / done[-1]["side"]) ** 2 if done else 0.0


def where_it_stops(sides: Sequence[int], peaks: Sequence[int], limit: int) -> int | None:
    """Return the side at which memory would reach a limit if it went on growing by pixel; None if it does not grow.

    Parameters
    ----------
    sides : sequence of int
        Ascending.
    peaks : sequence of int
        Bytes at each side.
    limit : int
        Bytes.
    """
    if len(sides) < 2 or peaks[-1] <= peaks[-2] * (1 + SAME):
        return None
    per_pixel = (peaks[-1] - peaks[-2]) / (sides[-1] ** 2 - sides[-2] ** 2)
    return int(np.sqrt(max(0.0, sides[-1] ** 2 + (limit - peaks[-1]) / per_pixel)))


def _large(image: Source, side: int, path: Path) -> Source:
    if not path.exists():
        pixels = image.image().data
        corner = np.asarray(pixels[..., :TILE, :TILE])
        blocks = da.zeros((side, side), chunks=CHUNK, dtype=corner.dtype)
        leading = corner.shape[:-2]
        large = blocks.map_blocks(
            _mirrored,
            corner,
            dtype=corner.dtype,
            new_axis=list(range(len(leading))),
            chunks=(*((length,) for length in leading), *blocks.chunks),
        )
        write_ome_zarr(path, large, axes="czyx" if len(leading) == 2 else "cyx")
    return Source.of(open_image(path))


def _mirrored(block: NDArray[Any], corner: NDArray[Any], block_info: Any) -> NDArray[Any]:
    """Return one block of the plane that an image fills, mirrored at its borders."""
    place = block_info[0]["array-location"]
    rows, columns = (
        _reflected(np.arange(start, start + length), extent)
        for (start, _), length, extent in zip(place, block.shape, corner.shape[-2:], strict=True)
    )
    return corner[..., rows[:, None], columns[None]]


def _reflected(place: NDArray[np.int64], extent: int) -> NDArray[np.int64]:
    inside = place % (2 * extent)
    return np.where(inside < extent, inside, 2 * extent - 1 - inside)
