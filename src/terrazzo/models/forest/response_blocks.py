"""In which blocks are the filter responses of an image's pixels computed, and which pixels are read for each?"""

from __future__ import annotations

import math
from dataclasses import dataclass

from terrazzo.blocks import STORAGE_CHUNKS_PER_BLOCK, Block, BlockGrid, Box
from terrazzo.lattice import Lattice
from terrazzo.memory import CHUNKS_AT_ONCE, Reading, with_slack
from terrazzo.regions.statistics.core_responses import STRIP, CoreResponses
from terrazzo.regions.statistics.filter_bank import ResponseBank

# A cell in pixels along (z, y, x); blocks of these many cells along z, and so many pixels wide along y and x.
CELL, SECTIONS, SIDE = (2, 16, 16), 8, 512


def response_grid(extent: tuple[int, ...], side: int | None = None) -> BlockGrid:
    """Return the blocks of an image, about `side` pixels wide; those of a volume are 16 sections deep."""
    cell = CELL[-len(extent) :]
    lattice = Lattice(extent, cell)
    if len(extent) == 2:
        return BlockGrid.of(lattice, SIDE if side is None else side)
    wide = max(1, round((side or SIDE) / (STORAGE_CHUNKS_PER_BLOCK * cell[-1]))) * STORAGE_CHUNKS_PER_BLOCK
    return BlockGrid(lattice, (SECTIONS, wide, wide))


def response_window(block: Block, bank: ResponseBank) -> Box:
    """Return the pixels that a bank's responses on a block's core depend on."""
    return bank.window(block.core, block.lattice.shape)


@dataclass(frozen=True)
class ResponseTask:
    """What the task holds that classifies a block's pixels by a random forest.

    Parameters
    ----------
    channels, itemsize, classes, columns : int
        Of the image; bytes per value; of the forest; filter responses of a pixel.
    read, core : int
        Pixels of the block's window, and of what it keeps.
    computed, kept : int
        Bytes of the core's responses, on their levels: at most while they are computed, and then.
    chunk : int
        Bytes of a stored chunk of the image.
    masked, probabilities : bool
        Whether there is a mask; whether an image of each class's probability is written.
    """

    channels: int
    itemsize: int
    classes: int
    columns: int
    read: int
    core: int
    computed: int
    kept: int
    chunk: int = 0
    masked: bool = False
    probabilities: bool = False

    @property
    def stages(self) -> dict[str, int]:
        """The bytes of each stage."""
        pixels = self.channels * self.read * self.itemsize + self.read * self.masked
        single = 4 * self.channels * self.read
        # a strip of responses, and the sums of its trees
        strip = (4 * self.columns + 12 * self.classes) * min(STRIP, self.core)
        return {
            "read": pixels + max(pixels, 2 * CHUNKS_AT_ONCE * self.chunk),
            "responses": pixels + single + self.computed,
            "trees": pixels + single + self.kept + strip + 4 * self.classes * self.core,
            "classes": pixels + (4 + 8 * self.probabilities) * self.classes * self.core + (8 + 1) * self.core,
        }

    @property
    def bytes(self) -> int:
        """The bytes of the largest stage, with what allocators keep."""
        return with_slack(self.stages)


def response_task(block: Block, reading: Reading, bank: ResponseBank, channels: int, classes: int) -> ResponseTask:
    """Return what classifying the pixels of a block takes."""
    read, core = math.prod(response_window(block, bank).shape), math.prod(block.core.shape)
    return ResponseTask(
        channels=channels,
        itemsize=reading.itemsize,
        classes=classes,
        columns=len(bank.columns(channels)),
        read=read,
        core=core,
        computed=CoreResponses.bytes_while_computed(bank, channels, read, core),
        kept=CoreResponses.bytes_of(bank, channels, core),
        chunk=reading.chunk,
        masked=reading.masked,
        probabilities=reading.probabilities,
    )


def response_bytes(
    block: Block,
    grid: BlockGrid,  # noqa: ARG001
    reading: Reading,
    bank: ResponseBank,
    channels: int,
    classes: int,
) -> int:
    """Return the bytes that classifying the pixels of a block holds at its peak."""
    return response_task(block, reading, bank, channels, classes).bytes
