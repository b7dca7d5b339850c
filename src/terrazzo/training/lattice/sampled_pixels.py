"""Annotated pixels of a block with their filter responses: what the decision per pixel learns from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.models.lattice.pixel_responses import response_columns, response_window, some_responses
from terrazzo.models.passes.declared import ANNOTATION, Given, Own, Pass, Pixels, Seen
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.regions.classes.boundary_weights import BoundaryWeights

FULL = 2**20
"""The pixels of a block that gives as many samples as are asked for; smaller blocks give fewer."""

LEAST = 8192
"""What any block may give."""


@dataclass(frozen=True, eq=False)
class PixelSamples:
    """Some annotated pixels.

    Parameters
    ----------
    cells : ndarray of int64, shape (P, axes)
        Those of their superpixels, in the whole lattice.
    middles : ndarray of float64, shape (P, axes)
        Their places in cells; whole numbers are the middles of cells.
    responses : ndarray of float32, shape (P, K)
    classes : ndarray of uint8, shape (P,)
    areas : ndarray of float32, shape (P,)
        How many annotated pixels each stands for.
    weights : ndarray of float32, shape (P,)
        What each of these counts for in the loss, by `BoundaryWeights`.
    """

    cells: NDArray[np.int64]
    middles: NDArray[np.float64]
    responses: NDArray[np.float32]
    classes: NDArray[np.uint8]
    areas: NDArray[np.float32]
    weights: NDArray[np.float32]

    def chosen(self, rows: NDArray[Any]) -> PixelSamples:
        """Return some of them."""
        return PixelSamples(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def none(cls, axes: int, columns: int) -> PixelSamples:
        """Return no pixels."""
        return cls(
            np.empty((0, axes), np.int64),
            np.empty((0, axes), np.float64),
            np.empty((0, columns), np.float32),
            np.empty(0, np.uint8),
            np.empty(0, np.float32),
            np.empty(0, np.float32),
        )

    @classmethod
    def joined(cls, parts: list[PixelSamples]) -> PixelSamples:
        """Return all of several, in order."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def samples_pass(
    channels: int, axes: int, number: int, seed: int, weighted: BoundaryWeights = BoundaryWeights()
) -> Pass:
    """Return the pass that draws annotated pixels of a block, each with its responses.

    Parameters
    ----------
    channels, axes : int
        Of the image.
    number : int
        The most of a block.
    seed : int
        With the block it decides which.
    weighted : BoundaryWeights
        What they count for: so much of the annotation is read around a block.
    """
    return Pass(
        name="samples",
        reads=(Pixels(response_window), Pixels(partial(_around, reach=weighted.reach), of=ANNOTATION), Own("labels")),
        gives=("samples",),
        run=partial(_samples, number=number, seed=seed, weighted=weighted),
        nothing=partial(_no_samples, axes=axes, columns=len(response_columns(channels))),
        decides=(number, seed, weighted),
    )


def share_of_block(pixels: int, number: int) -> int:
    """Return how many pixels are drawn at most of a block of so many, where a block of 1024 x 1024 gives `number`."""
    return min(number, max(LEAST, number * pixels // FULL))


def _around(block: Block, *, reach: int) -> Box:
    """Return the pixels of a block and those that are so near in its sections, as far as the image goes."""
    margins = (0,) * (len(block.index) - 2) + (reach,) * 2
    return block.core.grown(margins, block.lattice.shape)


def shares_of(counts: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Return how many pixels of each class are drawn: by the square root of its area, at most all of them.

    Parameters
    ----------
    counts : ndarray of int64, shape (C,)
        Annotated pixels.
    number : int
        The most in all.
    """
    if counts.sum() <= number:
        return counts
    drawn = np.zeros_like(counts)
    # what a small class leaves goes to the others
    for place in np.argsort(counts, kind="stable"):
        rest = np.sqrt(counts[(counts > 0) & (drawn == 0)]).sum()
        if counts[place]:
            drawn[place] = min(counts[place], max(1, int((number - drawn.sum()) * np.sqrt(counts[place]) / rest)))
    return drawn


def _samples(
    block: Block,
    seen: Seen,
    truth: Seen,
    ids: NDArray[np.unsignedinteger[Any]],
    *,
    number: int,
    seed: int,
    weighted: BoundaryWeights,
) -> Given:
    rng, core = np.random.default_rng((seed, *block.index)), block.core.within(truth.box)
    number = share_of_block(ids.size, number)
    known = np.where(ids > 0, truth.pixels[core], NOT_ANNOTATED).ravel()
    counts = np.bincount(known, minlength=NOT_ANNOTATED)[:NOT_ANNOTATED]
    rows = [np.empty(0, np.int64)]
    for value, share in enumerate(shares_of(counts, number)):
        if share:
            rows.append(np.sort(rng.choice(np.flatnonzero(known == value), share, replace=False)))
    chosen = np.concatenate(rows)
    classes = known[chosen].astype(np.uint8)
    places = tuple(
        place + start for place, start in zip(np.unravel_index(chosen, ids.shape), block.core.start, strict=True)
    )
    drawn = np.bincount(classes, minlength=NOT_ANNOTATED)[:NOT_ANNOTATED]
    samples = PixelSamples(
        block.lattice.cells_of(ids.ravel()[chosen]),
        (np.stack(places, axis=1) + 0.5) / block.lattice.size - 0.5,
        np.ascontiguousarray(some_responses(seen, places).T),
        classes,
        (counts / np.maximum(drawn, 1)).astype(np.float32)[classes],
        weighted.of(truth.pixels.astype(np.uint8))[core].ravel()[chosen],
    )
    return {"samples": samples}


def _no_samples(block: Block, *, axes: int, columns: int) -> Given:  # noqa: ARG001
    return {"samples": PixelSamples.none(axes, columns)}
