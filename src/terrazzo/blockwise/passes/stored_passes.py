"""Run passes on a block of a stored image: read its own windows, compute, and keep what they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from terrazzo.blocks import Block, BlockGrid
from terrazzo.blockwise.inputs.masks import inside, read_mask
from terrazzo.blockwise.inputs.windows import read_window
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.io.failures import about
from terrazzo.ledger import Stopwatch, TaskLedger, count_bytes, stage
from terrazzo.models.passes.declared import IMAGE, Estimate, Given, Near, Own, Pass, Pixels, Seen
from terrazzo.models.passes.idle import all_empty, leaves_nothing
from terrazzo.regions.superpixels.block_labels import BlockLabels


class Store(Protocol):
    """Where what passes give is kept, and read again by later passes; small to send."""

    @property
    def grid(self) -> BlockGrid:
        """The blocks."""
        ...

    def read(self, what: str, block: Block) -> Any:
        """Read what a pass gave of a block."""
        ...

    def write(self, block: Block, name: str, given: Given) -> None:
        """Write what the pass of that name gave of a block, then its marker."""
        ...


def write_pass(block: Block, one: Pass, sources: Sources, store: Store) -> TaskLedger:
    """Run a pass on a block, write what it gives, and say where the time went."""
    with Stopwatch() as watch:
        store.write(block, one.name, given_of((one,), block, sources, store))
    return watch.ledger


def given_of(passes: Sequence[Pass], block: Block, sources: Sources, store: Store | None = None) -> Given:
    """Return what passes give of a block, each of which may read what those before it gave.

    Parameters
    ----------
    passes : sequence of Pass
        In order; what they read of blocks around, and of passes that are not among them, comes from the store.
    block : Block
    sources : Sources
    store : Store, optional
    """
    given: dict[str, Any] = {}
    for one in passes:
        values = _values(one, block, sources, given, store)
        with about(sources.path), stage(one.name):
            given |= one.nothing(block) if values is None else one.run(block, *values)
    return given


def _values(one: Pass, block: Block, sources: Sources, given: Given, store: Store | None) -> list[Any] | None:
    """Return what a pass reads of a block; None where there is nothing to do, and then no more than that is read."""
    values: list[Any] = [None] * len(one.reads)
    for place, read in enumerate(one.reads):
        if isinstance(read, Pixels):
            values[place] = _seen(read, block, sources)
            if values[place] is None:
                return None
        elif isinstance(read, Estimate):
            values[place] = sources.estimates[read.name]
        elif isinstance(read, Own):
            values[place] = _own(read, block, given, store)
    if all_empty(one, values):
        return None
    for place, read in enumerate(one.reads):
        if isinstance(read, Near):
            mine = next((v for r, v in zip(one.reads, values, strict=True) if r == Own(read.what)), None)
            values[place] = _near(read, block, mine, store)
    return values


def _seen(read: Pixels, block: Block, sources: Sources) -> Seen | None:
    """Return a window with its mask; where the mask leaves nothing None, and the image is not read."""
    window = read.window(block)
    with stage("read pixels"):
        if read.of != IMAGE:
            return Seen(window, read_window(sources.of(read.of), window))
        mask = read_mask(sources.mask, window)
        if isinstance(mask, np.ndarray) and leaves_nothing(read, block, mask):
            return None
        pixels = read_window(sources.image, window)
        count_bytes(pixels.nbytes)
    with about(sources.path):
        seen = Seen(window, pixels, inside(mask, pixels))
    return None if leaves_nothing(read, block, seen.mask) else seen


def _own(read: Own, block: Block, given: Given, store: Store | None) -> Any:
    value = given[read.what] if read.what in given else _stored(store).read(read.what, block)
    if not isinstance(value, BlockLabels):
        return value
    box = block.pixels(read.margin)
    return BlockLabels(box, value.cut(box), value.unadopted) if read.margin else value.cut(box)


def _near(read: Near, block: Block, mine: Any, store: Store | None) -> list[Any]:
    """Read what blocks around a block gave; what was read of the block itself is not read again."""
    there = _stored(store)
    blocks = there.grid.neighbours(block, read.cells)
    return [mine if other == block and mine is not None else there.read(read.what, other) for other in blocks]


def _stored(store: Store | None) -> Store:
    if store is None:
        raise LookupError("a pass reads what other blocks gave, and nothing was stored")
    return store
