"""How an image is cut for a classifier of pixels: blocks that start at multiples of the pyramid's alignment."""

from __future__ import annotations

import itertools

from dask.array.core import normalize_chunks

from terrazzo.blocks import Box

BLOCK = 512
SECTIONS = 16

Cores = list[tuple[tuple[int, ...], Box]]


def pixel_blocks(extent: tuple[int, ...], side: int | None = None) -> tuple[tuple[tuple[int, ...], ...], Cores]:
    """Return the Dask chunks of an image's blocks, and each block's index with its pixels, in raster order."""
    wide = side or BLOCK
    shape = (SECTIONS, wide, wide)[-len(extent) :]
    chunks: tuple[tuple[int, ...], ...] = normalize_chunks(shape, extent)
    edges = [list(itertools.accumulate(lengths, initial=0)) for lengths in chunks]
    cores = []
    for index in itertools.product(*(range(len(lengths)) for lengths in chunks)):
        start = tuple(edge[i] for edge, i in zip(edges, index, strict=True))
        stop = tuple(edge[i + 1] for edge, i in zip(edges, index, strict=True))
        cores.append((index, Box(start, stop)))
    return chunks, cores
