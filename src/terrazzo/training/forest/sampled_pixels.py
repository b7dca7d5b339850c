"""Annotated pixels drawn at random, with their filter responses: what a classifier of pixels learns from."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.models.forest.response_blocks import response_grid
from terrazzo.own_threads import own_threads
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, annotated_classes
from terrazzo.regions.statistics.filter_bank import ResponseBank, responses_at
from terrazzo.training.rules.patch_source import PatchSource


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
    sources: Sequence[PatchSource], bank: ResponseBank, *, validation: bool, classes: int, number: int, seed: int
) -> SampledPixels:
    """Draw about `number` annotated pixels of one side of all images, each as likely as any other.

    Blocks are read one at a time per thread; which pixels are drawn does not depend on chunks.

    Parameters
    ----------
    sources : sequence of PatchSource
    bank : ResponseBank
    validation : bool
        Which side.
    classes : int
    number : int
    seed : int
    """
    own = [source for source in sources if any(True for _ in source.tiles_of(validation))]
    jobs = [
        _Job(source, validation, block.core, (seed, place, *block.index))
        for place, source in enumerate(own)
        for block in response_grid(source.extent)
    ]
    with ThreadPoolExecutor(own_threads()) as pool:
        known = list(pool.map(_annotated, jobs))
        share = min(1.0, number / max(1, sum(known)))
        wanted = [job for job, pixels in zip(jobs, known, strict=True) if pixels]
        drawn = list(pool.map(partial(_drawn, bank=bank, classes=classes, share=share), wanted))
    columns = len(bank.columns(sources[0].pixels.shape[0]))
    responses = [np.empty((columns, 0), np.float32), *(found[0] for found in drawn)]
    values = [np.empty(0, np.uint8), *(found[1] for found in drawn)]
    return SampledPixels(np.ascontiguousarray(np.concatenate(responses, axis=1).T), np.concatenate(values))


class _Job(NamedTuple):
    """One block of a side of an annotated image, and what its random numbers begin with."""

    source: PatchSource
    validation: bool
    core: Box
    key: tuple[int, ...]


def _annotated(job: _Job) -> int:
    return int((job.source.read_truth(job.core, job.validation) != NOT_ANNOTATED).sum())


def _drawn(job: _Job, bank: ResponseBank, classes: int, share: float) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    core = job.core
    truth = annotated_classes(job.source.read_truth(core, job.validation), classes)
    chosen = (truth != NOT_ANNOTATED) & (np.random.default_rng(job.key).random(truth.shape) < share)
    places = np.nonzero(chosen)
    box = bank.window(core, job.source.extent)
    absolute = tuple(place + start for place, start in zip(places, core.start, strict=True))
    return responses_at(bank, job.source.read_pixels(box), box, absolute), truth[places]
