"""A graph on disk as passes read it: labels and rows of its own blocks, and of blocks of any other grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid
from terrazzo.io.results.result import Result
from terrazzo.models.passes.declared import Given
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.merge import rows_within
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN, BlockLabels

MOST_HELD = 16
"""Blocks whose rows a process holds at a time."""


@dataclass(frozen=True)
class StoredGraph:
    """The superpixels and rows of a finished result, as a store that passes read and do not write.

    Parameters
    ----------
    result : Result
    """

    result: Result

    @property
    def grid(self) -> BlockGrid:
        """The blocks that rows are kept in."""
        return self.result.grid

    def read(self, what: str, block: Block) -> Any:
        """Read the "labels" of a block and one cell around it, or the "rows" that it owns, whatever its grid."""
        if what == "labels":
            box = block.pixels(LABEL_MARGIN)
            return BlockLabels(box, self.result.read_superpixels(box.slices), 0)
        if what != "rows":
            raise LookupError(f"a graph on disk has no {what}")
        around = self.grid.touching(block.cells)
        if [one.cells for one in around] == [block.cells]:
            return _rows(self.result, around[0])
        return _joined([rows_within(_rows(self.result, one), block.cells, block.lattice) for one in around])

    def write(self, block: Block, name: str, given: Given) -> None:  # noqa: ARG002
        """Refuse: nothing is written into a graph."""
        raise LookupError(f"{name} of {block.index} is not written into a graph")


@lru_cache(maxsize=MOST_HELD)
def _rows(result: Result, block: Block) -> BlockGraph:
    return result.read_graph(block)


def _joined(parts: list[BlockGraph]) -> BlockGraph:
    if len(parts) == 1:
        return parts[0]

    def joined(name: str, axis: int = 0) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts], axis=axis)

    order = np.argsort(joined("ids"), kind="stable")
    return BlockGraph(
        joined("ids")[order],
        joined("positions")[order],
        joined("areas")[order],
        joined("node_features")[order],
        joined("edges", axis=1),
        joined("edge_features"),
    )
