"""Annotated pixels drawn at random, with their filter responses: what a classifier of pixels learns from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.windows import read_window
from terrazzo.models.forest.response_blocks import response_grid
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, annotated_classes
from terrazzo.regions.statistics.filter_bank import bank_columns, bank_window, filter_bank


@dataclass(frozen=True, eq=False)
class SampledPixels:
    """Some annotated pixels.

    Parameters
    ----------
    responses : ndarray of float32, shape (pixels, columns)
    classes : ndarray of uint8, shape (pixels,)
    """

    responses: NDArray[np.float32]
    classes: NDArray[np.uint8]


def sample_pixels(
    images: Sequence[da.Array], annotations: Sequence[da.Array], *, classes: int, number: int, seed: int
) -> SampledPixels:
    """Draw about `number` annotated pixels of all images, each as likely as any other.

    Blocks are read one at a time per thread; which pixels are drawn does not depend on chunks.

    Parameters
    ----------
    images : sequence of dask.array.Array, each (c, y, x) or (c, z, y, x)
    annotations : sequence of dask.array.Array of whole numbers, each (y, x) or (z, y, x)
        255 is not annotated.
    classes : int
    number : int
    seed : int
    """
    jobs = [
        _Job(image, annotation, block.core, (seed, place, *block.index))
        for place, (image, annotation) in enumerate(zip(images, annotations, strict=True))
        for block in response_grid(annotation.shape)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        known = list(pool.map(_annotated, jobs))
        share = min(1.0, number / max(1, sum(known)))
        wanted = [job for job, pixels in zip(jobs, known, strict=True) if pixels]
        drawn = list(pool.map(partial(_drawn, classes=classes, share=share), wanted))
    columns = len(bank_columns(images[0].shape[0]))
    responses = [np.empty((columns, 0), np.float32), *(found[0] for found in drawn)]
    values = [np.empty(0, np.uint8), *(found[1] for found in drawn)]
    return SampledPixels(np.ascontiguousarray(np.concatenate(responses, axis=1).T), np.concatenate(values))


class _Job(NamedTuple):
    """One block of an annotated image, and what its random numbers begin with."""

    image: da.Array
    annotation: da.Array
    core: Box
    key: tuple[int, ...]


def _annotated(job: _Job) -> int:
    return int((read_window(job.annotation, job.core) != NOT_ANNOTATED).sum())


def _drawn(job: _Job, classes: int, share: float) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    core = job.core
    truth = annotated_classes(read_window(job.annotation, core), classes)
    chosen = (truth != NOT_ANNOTATED) & (np.random.default_rng(job.key).random(truth.shape) < share)
    places = np.nonzero(chosen)
    box = bank_window(core, job.annotation.shape)
    window = read_window(job.image, box).astype(np.float32)
    absolute = tuple(place + start for place, start in zip(places, core.start, strict=True))
    return filter_bank(window, box, absolute), truth[places]
