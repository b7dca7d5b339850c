"""Run passes on the wanted blocks of an annotated image, one task per block, and keep what they give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import dask.array as da
from distributed import Client

from terrazzo.blocks import Block, Box
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage
from terrazzo.blockwise.inputs.estimates import estimated, estimated_here, estimates_of
from terrazzo.blockwise.inputs.windows import read_window
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import given_of
from terrazzo.models.passes.declared import Given, Pass

T = TypeVar("T")


def passes_over_annotated(
    annotated: AnnotatedImage,
    passes: Sequence[Pass],
    keep: Callable[[Block, Given], T],
    client: Client | None = None,
) -> dict[Block, T]:
    """Return what is kept of what passes give of each wanted block, in raster order.

    Each task reads its own window of the image: of a Dask array that is costly to compute, the chunks that several
    windows share are computed for each of them.

    Parameters
    ----------
    annotated : AnnotatedImage
    passes : sequence of Pass
    keep : callable
        Runs in the task: it takes the block and what the passes gave, and may write it somewhere.
    client : distributed.Client, optional
        Where the tasks run; without it, in this process's threads.
    """
    sources = _sources(annotated, passes, client)
    kept = dict(run_blocks(_kept, annotated.blocks, tuple(passes), sources, keep, client=client))
    return {block: kept[block] for block in annotated.blocks}


def _sources(annotated: AnnotatedImage, passes: Sequence[Pass], client: Client | None) -> Sources:
    """Return what passes read: an image that is one block as a whole, read once for all of them."""
    (pixels, truth), mask = annotated.readable, annotated.mask
    wanted = estimates_of(passes)
    if client is None and len(annotated.grid) == 1:
        whole = Box((0,) * annotated.truth.ndim, annotated.truth.shape)
        pixels, truth = read_window(pixels, whole), read_window(truth, whole)
    if client is None and not isinstance(pixels, da.Array):
        known = estimated_here(wanted, pixels, mask)
    else:
        known = estimated(wanted, annotated.pixels, mask, client)
    return Sources(pixels, mask, truth, known, annotated.path)


def _kept(
    block: Block, passes: tuple[Pass, ...], sources: Sources, keep: Callable[[Block, Given], T]
) -> tuple[Block, T]:
    return block, keep(block, given_of(passes, block, sources))
