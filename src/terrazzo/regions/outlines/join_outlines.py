"""Put the outlines of blocks together, a row of blocks at a time: what is finished leaves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.classes.outline import CLOSED, simple_rings
from terrazzo.regions.outlines.block_outlines import BlockOutlines, Rim

Chain = tuple[NDArray[np.int64], int, int]


class OutlineJoiner:
    """Joins the regions of blocks across their seams.

    It holds the outlines of the regions that go on below the last row of blocks, and no others.

    Parameters
    ----------
    width : int
        Of the image in pixels.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.joined: dict[int, int] = {}  # a region, and one that it was found to be part of; itself of the first
        self.chains: dict[int, list[Chain]] = {}
        self.values: dict[int, int] = {}
        self.above: list[tuple[int, Rim]] = []
        self.next = 0

    def add(self, row: Sequence[BlockOutlines]) -> list[ClassRegion]:
        """Take the next row of blocks, from left to right; return the regions that end in it, sorted by `order`."""
        named = [(self._enter(block), block) for block in row]
        for (left_base, left), (base, block) in itertools.pairwise(named):
            self._join(left_base, base, left.right.touching(block.left))
        for (above_base, above), (base, block) in zip(self.above, named, strict=False):
            self._join(above_base, base, above.touching(block.top))
        going_on = {one: self._root(one) for base, block in named for one in (base + block.continued).tolist()}
        ended = [self._take(root) for root in self.chains.keys() - set(going_on.values())]
        self.joined = going_on | {root: root for root in going_on.values()}
        self.above = [(base, block.bottom) for base, block in named]
        return sorted(ended, key=lambda region: region.order)

    def _enter(self, block: BlockOutlines) -> int:
        """Note the regions of a block; return what their numbers are counted from."""
        base, self.next = self.next, self.next + len(block.classes)
        for region, value in enumerate(block.classes[1:].tolist(), base + 1):
            self.joined[region] = region
            self.values[region] = value
            self.chains[region] = []
        ends = itertools.pairwise(block.offsets.tolist())
        for (first, end), (region, start, after) in zip(ends, block.chains.tolist(), strict=True):
            self.chains[base + region].append((block.corners[first:end].astype(np.int64), start, after))
        return base

    def _join(self, base: int, other_base: int, pairs: NDArray[np.int32]) -> None:
        for one, other in pairs.tolist():
            root, joining = self._root(base + one), self._root(other_base + other)
            if root == joining:
                continue
            if len(self.chains[root]) < len(self.chains[joining]):
                root, joining = joining, root
            self.joined[joining] = root
            self.chains[root].extend(self.chains.pop(joining))
            del self.values[joining]

    def _root(self, region: int) -> int:
        root = region
        while self.joined[root] != root:
            root = self.joined[root]
        while region != root:
            self.joined[region], region = root, self.joined[region]
        return root

    def _take(self, root: int) -> ClassRegion:
        return ClassRegion.of(self.values.pop(root), list(_walks(self.chains.pop(root))), self.width)


def _walks(chains: Sequence[Chain]) -> Iterator[NDArray[np.int64]]:
    """Yield the closed outlines that chains make up: each goes on in the one that begins where it ends."""
    following = {start: (piece, after) for piece, start, after in chains if start != CLOSED}
    yield from (piece for piece, start, _ in chains if start == CLOSED)
    while following:
        first, (piece, after) = following.popitem()
        walk = [piece]
        while after != first:
            piece, after = following.pop(after)
            walk.append(piece)
        yield np.concatenate(walk)


@dataclass(frozen=True, eq=False)
class ClassRegion:
    """A 4-connected region of one class, outlined along the edges of its pixels.

    Parameters
    ----------
    value : int
        The class.
    rings : tuple of ndarray of int64, each (N, 2)
        (x, y) of the corners: first the outer ring, counter-clockwise where y points up, then the holes, clockwise.
        Each begins with its highest and then leftmost corner in the image, and does not repeat it.
    """

    value: int
    rings: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, value: int, walks: Sequence[NDArray[np.int64]], width: int) -> ClassRegion:
        """Return the region that closed outlines, (y, x), belong to: where they touch themselves they are cut."""
        rings = [ring for walk in walks for ring in _rings(walk, width)]
        # the outer ring holds the highest corner, and of those the leftmost
        return cls(value, tuple(sorted(rings, key=lambda ring: (ring[0, 1], ring[0, 0]))))

    @property
    def order(self) -> tuple[int, int, int]:
        """What regions are sorted by: their lowest row, then their first corner."""
        outer = self.rings[0]
        return int(outer[:, 1].max()), int(outer[0, 1]), int(outer[0, 0])


def _rings(walk: NDArray[np.int64], width: int) -> list[NDArray[np.int64]]:
    corners, offsets = simple_rings(walk, width)
    turned = corners[:, ::-1]
    return [turned[first:end] for first, end in itertools.pairwise(offsets.tolist())]
