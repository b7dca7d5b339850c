"""Join the pieces of blocks across seams, layer by layer of blocks, and let go of regions as they end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from terrazzo.regions.connected.regions import BlockRegions, Regions

Index = tuple[int, ...]


class RegionJoiner:
    """Takes layers of blocks along the first axis, and gives the regions that have ended, ordered by their last pixel.

    It holds the regions that touch the last layer of pixels, and that layer. The order over all that it gives is that
    of last pixels as well, so that blocks have no say in it.
    """

    def __init__(self) -> None:
        self.open: Regions | None = None
        # of each block of the layer before: its last layer of pixels, as 1 + the row in `open`
        self.faces: dict[Index, NDArray[np.int64]] = {}

    def add(self, layer: Sequence[BlockRegions], *, ends: bool) -> Regions:
        """Return the regions that end in a layer of blocks, which is the last if `ends`.

        Parameters
        ----------
        layer : sequence of BlockRegions
            In raster order.
        ends : bool
        """
        carried = 0 if self.open is None else len(self.open)
        firsts = np.cumsum([carried, *(len(block.regions) for block in layer)])
        first = {block.index[1:]: int(number) for block, number in zip(layer, firsts[:-1], strict=True)}
        parts = [block.regions for block in layer]
        rows = Regions.joined(parts if self.open is None else [self.open, *parts])
        roots = _components(len(rows), self._seams(layer, first, rows.classes))
        merged = rows.merged(roots)
        goes_on = np.zeros(len(merged), np.bool_)
        faces = {}
        for block in () if ends else layer:
            face = _numbered(block.high[0], first[block.index[1:]])
            faces[block.index[1:]] = face
            goes_on[roots[face[face > 0] - 1]] = True
        kept = np.flatnonzero(goes_on)
        place = np.zeros(len(merged) + 1, np.int64)
        place[1 + kept] = 1 + np.arange(kept.size)
        one_more = np.concatenate([[0], 1 + roots])
        self.faces = {index: place[one_more[face]] for index, face in faces.items()}
        self.open = merged.taken(kept)
        ended = np.flatnonzero(~goes_on)
        return merged.taken(ended[np.argsort(merged.last[ended])])

    def _seams(
        self, layer: Sequence[BlockRegions], first: dict[Index, int], classes: NDArray[np.uint8]
    ) -> NDArray[np.int64]:
        """Return pairs of rows of one class that touch across a seam."""
        by_index = {block.index[1:]: block for block in layer}
        pairs = []
        for block in layer:
            own = block.index[1:]
            if own in self.faces:
                pairs.append(_touching(self.faces[own], _numbered(block.low[0], first[own]), classes))
            for axis in range(len(own)):
                before = tuple(n - (i == axis) for i, n in enumerate(own))
                if before in by_index:
                    theirs = _numbered(by_index[before].high[axis + 1], first[before])
                    pairs.append(_touching(theirs, _numbered(block.low[axis + 1], first[own]), classes))
        return np.concatenate(pairs) if pairs else np.zeros((0, 2), np.int64)


def _numbered(face: NDArray[np.int32], first: int) -> NDArray[np.int64]:
    """Return 1 + the row of each pixel of a face, 0 where no class is."""
    return np.where(face > 0, face.astype(np.int64) + first, 0)


def _touching(one: NDArray[np.int64], other: NDArray[np.int64], classes: NDArray[np.uint8]) -> NDArray[np.int64]:
    both = (one > 0) & (other > 0)
    pairs = np.stack([one[both], other[both]], axis=1) - 1
    return np.unique(pairs[classes[pairs[:, 0]] == classes[pairs[:, 1]]], axis=0)


def _components(rows: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each row the number, from 0, of the component that it is in."""
    # of rows that touch others
    parent = {row: row for row in np.unique(pairs).tolist()}

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for one, other in pairs.tolist():
        a, b = root(one), root(other)
        parent[max(a, b)] = min(a, b)
    roots = np.arange(rows)
    roots[list(parent)] = [root(row) for row in parent]
    _, numbers = np.unique(roots, return_inverse=True)
    return numbers.astype(np.int64)
