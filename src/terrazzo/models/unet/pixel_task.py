"""What the task of a U-Net holds: the stages that the pixels of a block go through."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from terrazzo.blocks import Block, BlockGrid
from terrazzo.memory import CHUNKS_AT_ONCE, Reading, with_slack
from terrazzo.models.unet.description import Convolution, Level, MeanField, UNetDescription
from terrazzo.models.unet.pixel_blocks import pixel_window

# What a convolution's library keeps beside the features that it reads and writes, measured: up to 10 %; and the holes
# between features of several levels, which differ from run to run by a quarter.
SCRATCH_PERCENT = 40


def pixel_task(description: UNetDescription, block: Block, reading: Reading) -> PixelTask:
    """Return what classifying the pixels of a block takes."""
    read = pixel_window(description, block).shape
    padded = math.prod(-(-n // step) * step for n, step in zip(read, description.stride, strict=True))
    return PixelTask(
        channels=description.inputs,
        itemsize=reading.itemsize,
        classes=description.classes,
        read=math.prod(read),
        padded=padded,
        core=math.prod(block.core.shape),
        alive=values_alive(description, padded),
        chunk=reading.chunk,
        masked=reading.masked,
        probabilities=reading.probabilities,
    )


def pixel_bytes(block: Block, grid: BlockGrid, reading: Reading, description: UNetDescription) -> int:  # noqa: ARG001
    """Return the bytes that classifying the pixels of a block holds at its peak."""
    return pixel_task(description, block, reading).bytes


@dataclass(frozen=True)
class PixelTask:
    """What the task holds that classifies a block's pixels by a U-Net.

    Parameters
    ----------
    channels, itemsize : int
        Of the image; bytes per value.
    classes : int
        Of the network.
    read, padded, core : int
        Pixels of the block's window; of the same in whole strides; of what the block keeps.
    alive : int
        The most values that the network's features hold at once.
    chunk, masked, probabilities
        Bytes of a stored chunk of the image; whether there is a mask; whether an image of each class's probability is
        written.
    """

    channels: int
    itemsize: int
    classes: int
    read: int
    padded: int
    core: int
    alive: int
    chunk: int = 0
    masked: bool = False
    probabilities: bool = False

    @property
    def stages(self) -> dict[str, int]:
        """The bytes of each stage."""
        pixels = self.channels * self.read * self.itemsize + self.read * self.masked
        single, logits = 4 * self.channels * self.padded, 4 * self.classes * self.padded
        return {
            "read": pixels + max(pixels, 2 * CHUNKS_AT_ONCE * self.chunk),
            "scale": pixels + 3 * single,
            "network": pixels + 2 * single + 4 * self.alive * (100 + SCRATCH_PERCENT) // 100,
            "classes": pixels + single + logits + (8 + 1) * self.core,
            # probabilities are asked of the logits once classes are written
            "write": pixels + logits + (3 + (4 * self.classes + 5) * self.probabilities) * self.core,
        }

    @property
    def bytes(self) -> int:
        """The bytes of the largest stage, with what allocators keep."""
        return with_slack(self.stages)


def multiply_adds(description: UNetDescription) -> float:
    """Return the multiplications, each with an addition, of the logits of one pixel."""
    finest, classes = description.up.levels[-1].channels, description.classes
    total = float(finest * classes)
    for level, entering, rising, coarseness in levels_of(description):
        for channels, one in steps_of(level, entering):
            total += channels * one.channels * math.prod(one.kernel) / coarseness
        total += rising * entering // 2 / coarseness
    for branch in () if description.pyramid is None else description.pyramid.branches:
        total += (finest + classes) * branch.channels * math.prod(branch.kernel)
    if description.pyramid is not None:
        total += description.pyramid.channels * classes
    if description.crf is not None:
        total += description.crf.steps * classes * (2 * heard_pairs(description.crf) + classes)
    return total


def values_alive(description: UNetDescription, pixels: int) -> int:
    """Return the most values, in features of all levels, that predicting `pixels` holds at once.

    Parameters
    ----------
    description : UNetDescription
    pixels : int
        Of the image or part of it, a multiple of the stride along each axis.
    """
    bridges: list[int] = []
    last, most = 0, pixels * (description.up.levels[-1].channels + description.classes)
    for level, entering, rising, coarseness in levels_of(description):
        here, read = pixels // coarseness, 0
        if rising:
            bridges.pop()
            # what comes from below, then it and the bridge, then both in one array
            most = max(most, sum(bridges) + last + here * 2 * entering)
        for _, one in steps_of(level, entering):
            most = max(most, sum(bridges) + here * (entering + read + one.channels))
            read = one.channels
        last = here * level.channels
        if not rising and len(bridges) < description.depth:
            bridges.append(last)
    return max(most, pixels * _on_top(description))


def _on_top(description: UNetDescription) -> int:
    """Return the most values per pixel that what comes after the way up holds at once."""
    features, classes = description.up.levels[-1].channels, description.classes
    most, before = 0, classes
    if description.pyramid is not None:
        # features, logits and both in one array; the sum, a branch, both added, and one in the library's own order
        most = 2 * (features + classes) + 4 * description.pyramid.channels
        before += classes
    if description.crf is not None:
        # logits before, in one array, next and stacked, shares of classes, what is heard; the image in one array
        most = max(most, before + 5 * classes + description.inputs)
    return most


def heard_pairs(crf: MeanField) -> int:
    """Return how many pairs of pixels there are per pixel of which each hears the other."""
    return (math.prod(2 * radius + 1 for radius in crf.radius) - 1) // 2


def levels_of(description: UNetDescription) -> Iterator[tuple[Level, int, int, int]]:
    """Yield each level in order: it, the channels that enter, those that rise to it, pixels of the image per pixel."""
    entering, coarseness = description.inputs, 1
    bridges = []
    for level in description.down.levels:
        coarseness *= math.prod(level.factor)
        yield level, entering, 0, coarseness
        entering = level.channels
        bridges.append((entering, math.prod(level.factor)))
    below, factor = bridges.pop()
    for level in description.up.levels:
        coarseness //= factor
        bridge, factor = bridges.pop()
        yield level, 2 * bridge, below, coarseness
        below = level.channels


def steps_of(level: Level, entering: int) -> Iterator[tuple[int, Convolution]]:
    """Yield each convolution with the channels that it reads."""
    reads = (entering, *(one.channels for one in level.convolutions))
    yield from zip(reads, level.convolutions, strict=False)
