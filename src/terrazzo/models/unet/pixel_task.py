"""What the task of a U-Net holds: the stages that the pixels of a block go through."""

from __future__ import annotations

import math
from dataclasses import dataclass

from terrazzo.blocks import Block, BlockGrid
from terrazzo.memory import CHUNKS_AT_ONCE, Reading, with_slack
from terrazzo.models.unet.cost import values_alive
from terrazzo.models.unet.description import UNetDescription
from terrazzo.models.unet.pixel_blocks import pixel_window

# What a convolution's library keeps beside the features that it reads and writes, measured: up to 10 %.
SCRATCH_PERCENT = 15


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
    chunk, masked
        Bytes of a stored chunk of the image; whether there is a mask.
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

    @property
    def stages(self) -> dict[str, int]:
        """The bytes of each stage."""
        pixels = self.channels * self.read * self.itemsize + self.read * self.masked
        single = 4 * self.channels * self.padded
        return {
            "read": pixels + max(pixels, 2 * CHUNKS_AT_ONCE * self.chunk),
            "scale": pixels + 3 * single,
            "network": pixels + 2 * single + 4 * self.alive * (100 + SCRATCH_PERCENT) // 100,
            "classes": pixels + single + 4 * self.classes * self.padded + (8 + 1) * self.core,
            "write": pixels + 3 * self.core,
        }

    @property
    def bytes(self) -> int:
        """The bytes of the largest stage, with what allocators keep."""
        return with_slack(self.stages)
