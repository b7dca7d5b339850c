"""Which patches is a U-Net judged by? Places on the grid of patches that hold held-out annotation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.training.rules.patch_source import PatchSource
from terrazzo.training.rules.some_of_each import some_of_each

Place = tuple[int, tuple[int, ...]]
"""The number of an image, and the index of a patch of it."""


def judged_places(sources: Sequence[PatchSource], shape: tuple[int, ...], most: int, seed: int) -> list[Place]:
    """Return the places of patches with held-out annotation, in order: all, or `most`, some of them with each class.

    Where there are many tiles, those are chosen first, and the annotation of the chosen ones alone is counted by patch:
    what that reads does not grow with the images.

    Parameters
    ----------
    sources : sequence of PatchSource
    shape : tuple of int
        Of a patch in pixels.
    most : int
    seed : int
    """
    tiles = [(one, *tile) for one, source in enumerate(sources) for tile in source.tiles_of(validation=True)]
    if not tiles:
        return []
    # as many as `most` patches full of annotation may lie in
    pixels = sum(math.prod(box.shape) for _, box, _ in tiles)
    candidates = max(most, -(-most * math.prod(shape) * len(tiles) // pixels))
    found = dict[Place, NDArray[np.int64]]()
    for row in some_of_each(np.stack([counts for *_, counts in tiles]), candidates, seed):
        number, box, counts = tiles[row]
        found |= {(number, place): own for place, own in _counted(sources[number], box, shape, len(counts))}
    ordered = sorted(found)
    chosen = some_of_each(np.stack([found[place] for place in ordered]), most, seed)
    return [ordered[row] for row in chosen]


def _counted(
    source: PatchSource, tile: Box, shape: tuple[int, ...], classes: int
) -> Iterator[tuple[tuple[int, ...], NDArray[np.int64]]]:
    """Yield the places of patches that touch a tile and have held-out pixels, with how many they have of each class."""
    spans = zip(tile.stop, shape, source.extent, strict=True)
    stop = tuple(min(-(-last // side) * side, n) for last, side, n in spans)
    around = Box(tile.aligned(shape).start, stop)
    truth = source.read_truth(around, validation=True)
    starts = (range(0, length, side) for length, side in zip(around.shape, shape, strict=True))
    for start in itertools.product(*starts):
        own = truth[tuple(slice(a, a + side) for a, side in zip(start, shape, strict=True))]
        counts = np.bincount(own.ravel(), minlength=NOT_ANNOTATED + 1)[:classes]
        if counts.any():
            yield tuple((a + b) // side for a, b, side in zip(around.start, start, shape, strict=True)), counts
