"""What a U-Net costs per pixel: arithmetic and memory, from its description alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

from terrazzo.models.unet.description import Convolution, Level, UNetDescription


def multiply_adds(description: UNetDescription) -> float:
    """Return the multiplications, each with an addition, of the logits of one pixel."""
    total = float(description.down.levels[0].channels * description.classes)
    for level, entering, rising, coarseness in _levels(description):
        for channels, one in _steps(level, entering):
            total += channels * one.channels * math.prod(one.kernel) / coarseness
        total += rising * entering // 2 / coarseness
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
    last, most = 0, pixels * (description.down.levels[0].channels + description.classes)
    for level, entering, rising, coarseness in _levels(description):
        here, read = pixels // coarseness, 0
        if rising:
            bridges.pop()
            # what comes from below, then it and the bridge, then both in one array
            most = max(most, sum(bridges) + last + here * 2 * entering)
        for _, one in _steps(level, entering):
            most = max(most, sum(bridges) + here * (entering + read + one.channels))
            read = one.channels
        last = here * level.channels
        if not rising and len(bridges) < description.depth:
            bridges.append(last)
    return most


def _levels(description: UNetDescription) -> Iterator[tuple[Level, int, int, int]]:
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


def _steps(level: Level, entering: int) -> Iterator[tuple[int, Convolution]]:
    """Yield each convolution with the channels that it reads."""
    reads = (entering, *(one.channels for one in level.convolutions))
    yield from zip(reads, level.convolutions, strict=False)
