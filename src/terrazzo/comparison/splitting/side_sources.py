"""The annotated images of one side of a fold: whole, or in parts with 255 elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.comparison.assignment import AnnotatedSource, Source
from terrazzo.comparison.splitting.folds import SIDES, Fold
from terrazzo.comparison.splitting.units import Unit
from terrazzo.io.images.ome_zarr_writer import write_ome_zarr
from terrazzo.io.images.open_image import open_labels
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

Boxes = tuple[Box, ...]


def side_sources(
    fold: Fold, side: str, units: Sequence[Unit], sources: Sequence[AnnotatedSource], gap: int, folder: Path
) -> tuple[AnnotatedSource, ...]:
    """Return the images of a side, each with the annotation that counts there.

    Of an image that is on several sides the annotation is written anew, 255 outside the side's regions. These are
    narrowed by half the gap wherever a region beside them, or across a corner, is on another side.
    """
    own = _boxes(units[number] for number in getattr(fold, side))
    everywhere = {name: _boxes(units[number] for number in getattr(fold, name)) for name in SIDES}
    found = []
    for number, boxes in own.items():
        others = [box for name in SIDES if name != side for box in everywhere[name].get(number, ())]
        source = sources[number]
        if others:
            narrowed = tuple(narrow(box, others, -(-gap // 2)) for box in boxes)
            path = folder / f"{side}-{number}.zarr"
            source = AnnotatedSource(source.name, source.image, _kept(source.annotation, narrowed, path))
        found.append(source)
    return tuple(found)


def narrow(box: Box, others: Sequence[Box], margin: int) -> Box:
    """Return a box with `margin` taken off every side at which one of the others touches it."""
    start, stop = list(box.start), list(box.stop)
    for other in others:
        touching = all(a <= d and c <= b for a, b, c, d in _spans(box, other))
        for axis, (a, b, c, d) in enumerate(_spans(box, other)):
            if touching and d == a:
                start[axis] = box.start[axis] + margin
            if touching and c == b:
                stop[axis] = box.stop[axis] - margin
    return Box(tuple(start), tuple(max(a, b) for a, b in zip(start, stop, strict=True)))


def _spans(box: Box, other: Box) -> list[tuple[int, int, int, int]]:
    return list(zip(box.start, box.stop, other.start, other.stop, strict=True))


def _boxes(units: Any) -> Mapping[int, Boxes]:
    """Return the boxes of each image, by its number."""
    found: dict[int, Boxes] = {}
    for unit in units:
        for number, box in unit.parts:
            found[number] = (*found.get(number, ()), box)
    return found


def _kept(annotation: Source, boxes: Boxes, path: Path) -> Source:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        plane = annotation.labels().plane
        kept = plane.map_blocks(_inside, boxes=boxes, dtype=np.uint8, meta=np.empty((0,) * plane.ndim, np.uint8))
        write_ome_zarr(path, kept, axes="zyx" if plane.ndim == 3 else "yx")
    return Source.of(open_labels(path))


def _inside(values: NDArray[Any], boxes: Boxes, block_info: Any) -> NDArray[np.uint8]:
    """Return one chunk of an annotation, 255 outside the boxes."""
    place = block_info[0]["array-location"]
    chunk = Box(tuple(int(a) for a, _ in place), tuple(int(b) for _, b in place))
    kept = np.full(values.shape, NOT_ANNOTATED, np.uint8)
    for box in boxes:
        common = box.overlap(chunk)
        if common is not None:
            kept[common.within(chunk)] = values[common.within(chunk)]
    return kept
