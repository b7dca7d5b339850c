"""How well superpixels follow annotated structures, beside scikit-image's at equal numbers: a table for the docs.

python benchmarks/superpixel_quality.py [SET ...]
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from microscopy import pairs_of
from numpy.typing import NDArray
from skimage.measure import label
from skimage.segmentation import slic
from superpixel_agreement import Agreement, Labels, agreement

import terrazzo as tz

IMAGES = {"axon-sem": 3, "hesc-phase": 8, "bbbc039": 3, "vnc-sstem": 3, "drosophila-ovary": 3}
SIDE, SIZES = 448, (8, 16)
# For both programs: compactness in standard deviations of the image, sigma in pixels.
GRID = tuple(itertools.product((0.2, 0.3, 0.45, 0.7, 1.0, 1.5), (0.5, 1.0, 1.5)))
DEFAULT = tz.SuperpixelParameters()
# At this compactness terrazzo draws as many boundaries as scikit-image at its best.
FEW_BOUNDARIES = 0.8
TOLERANCE, ATTEMPTS = 0.05, 4
COLUMNS = "set | size | superpixels | compactness, sigma | number | accuracy | under-segmentation | recall | boundary"


@dataclass(frozen=True, eq=False)
class Picture:
    """A crop (c, y, x) and the segments to find in it."""

    image: NDArray[np.number]
    segments: Labels


Superpixels = Callable[[Picture, int, float, float], Labels]


def main() -> None:
    print("|", COLUMNS, "|\n|" + "---|" * (COLUMNS.count("|") + 1))
    rows: dict[str, list[tuple[float, ...]]] = {}
    for name in sys.argv[1:] or IMAGES:
        pictures = pictures_of(name)
        for size in SIZES:
            for program, ((compactness, sigma), total) in compared(pictures, size).items():
                print(f"| {name} | {size} | {program} | {compactness:g}, {sigma:g} |", end="")
                print(f" {total.superpixels} | {_cells(total.shares)} |", flush=True)
                rows.setdefault(program, []).append(total.shares)
    for program, shares in rows.items():
        print(f"| mean | | {program} | | | {_cells(np.mean(shares, axis=0))} |")


def compared(pictures: list[Picture], size: int) -> dict[str, tuple[tuple[float, float], Agreement]]:
    """Return what each program reaches at equal numbers, and with which compactness and sigma."""
    default = DEFAULT.compactness, DEFAULT.sigma
    return {
        "scikit-image, best": _best(pictures, theirs, size),
        "terrazzo, default": (default, _measured(pictures, ours, size, *default)),
        "terrazzo, best": _best(pictures, ours, size),
        "terrazzo, few boundaries": (
            (FEW_BOUNDARIES, DEFAULT.sigma),
            _measured(pictures, ours, size, FEW_BOUNDARIES, DEFAULT.sigma),
        ),
    }


def pictures_of(name: str) -> list[Picture]:
    """Return the middle of a few images of a set, evenly chosen."""
    pairs = pairs_of(name)
    return [_picture(*pairs[i * len(pairs) // IMAGES[name]]) for i in range(IMAGES[name])]


def _picture(image_path: Path, annotation_path: Path) -> Picture:
    """The middle of an image; a segment is a 4-connected piece of one class."""
    image, classes = tz.open_image(image_path).data, tz.open_labels(annotation_path).data[0]
    starts = [max(0, (n - SIDE) // 2) for n in classes.shape]
    middle = tuple(slice(start, start + SIDE) for start in starts)
    segments = label(classes[middle].compute(), background=-1, connectivity=1)
    return Picture(image[(slice(None), *middle)].compute(), segments)


def ours(picture: Picture, size: int, compactness: float, sigma: float) -> Labels:
    """Return terrazzo's superpixels."""
    return tz.superpixels(picture.image, size, compactness, sigma=sigma).compute()


def theirs(picture: Picture, size: int, compactness: float, sigma: float) -> Labels:
    """Return scikit-image's superpixels, from the number of seeds that leaves the most nearly as many as ours."""
    image = np.moveaxis(picture.image, 0, -1).astype(np.float64)
    # scikit-image brings the image to the range 0 to 1
    unit = np.sqrt(image.var(axis=(0, 1)).sum()) / np.ptp(image)
    wanted = seeds = _lattice_cells(picture, size)
    tried: list[tuple[int, Labels]] = []
    while len(tried) < ATTEMPTS and (not tried or tried[-1][0] > wanted // 100):
        labels = slic(image, seeds, compactness * unit, sigma=sigma, convert2lab=False)
        found = np.unique(labels).size
        tried.append((abs(found - wanted), labels))
        seeds = max(1, round(seeds * wanted / found))
    return min(tried, key=lambda one: one[0])[1]


def _best(pictures: list[Picture], make: Superpixels, size: int) -> tuple[tuple[float, float], Agreement]:
    """Return the most accurate of the grid, among those with about as many superpixels as the lattice has cells."""
    wanted = sum(_lattice_cells(picture, size) for picture in pictures)
    tried = [(values, _measured(pictures, make, size, *values)) for values in GRID]
    alike = [one for one in tried if abs(one[1].superpixels / wanted - 1) <= TOLERANCE]
    return max(alike, key=lambda one: one[1].accuracy)


def _measured(pictures: list[Picture], make: Superpixels, size: int, compactness: float, sigma: float) -> Agreement:
    return sum((agreement(make(one, size, compactness, sigma), one.segments) for one in pictures), Agreement())


def _lattice_cells(picture: Picture, size: int) -> int:
    return math.prod(tz.Lattice.of(picture.image, size).cells)


def _cells(shares: tuple[float, ...] | NDArray[np.float64]) -> str:
    return " | ".join(f"{share:.4f}" for share in shares)


if __name__ == "__main__":
    main()
