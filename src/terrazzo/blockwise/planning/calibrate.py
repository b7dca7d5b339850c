"""How long would a run take? A few real blocks of the image, in one thread of this process, tell."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dask
import numpy as np

from terrazzo.blocks import Block, BlockGrid, total_pixels
from terrazzo.blockwise.inputs.estimates import estimated, estimates_of
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import write_pass
from terrazzo.blockwise.planning.work import Work
from terrazzo.io.images.image import Image
from terrazzo.io.results.new_result import create_result_of
from terrazzo.io.results.result_writer import ResultWriter
from terrazzo.models.device import torch_threads
from terrazzo.models.passes.declared import Given, Near, Pass

# Side in pixels of the image that everything runs on before the clock does.
TINY = 48

SECONDS = 20  # for a pass that reads pixels; the others are quick


def calibrated_seconds(work: Work, image: Image, grid: BlockGrid) -> float:
    """Return the seconds that one thread would take for the whole image.

    Of its blocks the middle one and those around it go through a pass that reads pixels, for 20 seconds, but at least
    one; the rest takes as long per pixel that is read. A pass that reads what blocks around gave is run on the middle
    one; where blocks around are missing, it takes longer in proportion to them.

    Parameters
    ----------
    work : Work
        What is done with a block.
    image : Image
    grid : BlockGrid
    """
    with torch_threads(1), TemporaryDirectory(prefix="terrazzo-plan-") as folder:
        _warm_up(work, Path(folder) / "tiny.zarr")
        with dask.config.set(scheduler="synchronous"):  # here, whatever client is active
            estimates = estimated(estimates_of(work.passes), image.data)
        sources = Sources(image.stored, estimates=estimates, path=image.path)
        return sum(_seconds(work, sources, _store(work, grid, Path(folder) / "result.zarr")))


@dataclass(frozen=True, eq=False)
class _PartlyThere:
    """A store in which blocks that went through no pass hold nothing.

    Parameters
    ----------
    writer : ResultWriter
    passes : tuple of Pass
    written : set of (str, Block)
        What was given of which block.
    """

    writer: ResultWriter
    passes: tuple[Pass, ...]
    written: set[tuple[str, Block]] = field(default_factory=set)

    @property
    def grid(self) -> BlockGrid:
        return self.writer.grid

    def read(self, what: str, block: Block) -> Any:
        if (what, block) in self.written:
            return self.writer.read(what, block)
        return next(one for one in self.passes if what in one.gives).nothing(block)[what]

    def write(self, block: Block, name: str, given: Given) -> None:
        self.writer.write(block, name, given)
        self.written.update((what, block) for what in given)


def _seconds(work: Work, sources: Sources, store: _PartlyThere) -> list[float]:
    """Return the seconds of each pass for the whole image."""
    grid, found = store.grid, []
    there = _around_the_middle(grid)
    for one in work.passes:
        near: list[int | tuple[int, ...]] = [read.cells for read in one.reads if isinstance(read, Near)]
        if one.window is not None:
            there, seconds = _run(there, one, sources, store, SECONDS)
            read = sum(math.prod(one.window(block).shape) for block in there)
            found.append(seconds * total_pixels(grid, one.window) / read)
        else:
            around = (block for cells in near or [0] for block in grid.neighbours(there[0], cells))
            asked = {block: math.prod(block.cells.shape) for block in around}
            _, seconds = _run(there[:1], one, sources, store)
            known = sum(cells for block, cells in asked.items() if block in there)
            found.append(len(grid) * seconds * sum(asked.values()) / known)
    return found


def _run(
    blocks: list[Block], one: Pass, sources: Sources, store: _PartlyThere, seconds: float = math.inf
) -> tuple[list[Block], float]:
    """Return the blocks that went through a pass, at least one, and the seconds that they took."""
    done: list[Block] = []
    began = time.perf_counter()
    for block in blocks:
        write_pass(block, one, sources, store)
        done.append(block)
        if time.perf_counter() - began > seconds:
            break
    return done, time.perf_counter() - began


def _warm_up(work: Work, path: Path) -> None:
    """Run everything once on a tiny image: compiling, or loading what was compiled, is no part of the rate."""
    extent = (TINY,) * work.model.axes
    store = _store(work, work.model.grid(extent, 1), path)
    pixels = np.zeros((work.model.channels, *extent), np.uint8)
    sources = Sources(pixels, estimates=dict.fromkeys(estimates_of(work.passes), 1.0))
    for one in work.passes:
        _run(_around_the_middle(store.grid)[:1], one, sources, store)


def _around_the_middle(grid: BlockGrid) -> list[Block]:
    """Return the middle block first, then those around it."""
    middle = grid[tuple((count - 1) // 2 for count in grid.shape)]
    return sorted(grid.neighbours(middle, max(grid.block_cells)), key=lambda block: block != middle)


def _store(work: Work, grid: BlockGrid, path: Path) -> _PartlyThere:
    result = create_result_of(work.model, work.passes, path, grid, made_from={})
    return _PartlyThere(ResultWriter(result), work.passes)
