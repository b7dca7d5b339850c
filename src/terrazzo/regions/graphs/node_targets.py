"""What should each region be called? The annotated pixels of every class under it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.html import table
from terrazzo.wording import counted


@dataclass(frozen=True, eq=False)
class NodeTargets:
    """Annotation counted per node; a region across a boundary keeps its share of both classes.

    Parameters
    ----------
    counts : ndarray of uint32, shape (N, C)
        Annotated pixels of each class under each node.

    Raises
    ------
    ParameterError
        If `counts` is not a uint32 table with at least one column.
    """

    counts: NDArray[np.uint32]

    def __post_init__(self) -> None:
        if self.counts.dtype != np.uint32 or self.counts.ndim != 2 or self.counts.shape[1] == 0:
            raise ParameterError(
                f"node targets are {self.counts.dtype} of shape {self.counts.shape}; "
                "give uint32 pixel counts of shape (nodes, classes)"
            )

    @property
    def number_of_classes(self) -> int:
        """The number of classes, C."""
        return int(self.counts.shape[1])

    @property
    def annotated(self) -> NDArray[np.uint64]:
        """Annotated pixels per node, uint64 (N,)."""
        pixels: NDArray[np.uint64] = self.counts.sum(axis=1, dtype=np.uint64)
        return pixels

    @property
    def fractions(self) -> NDArray[np.float32]:
        """Share of each class in a node's annotated pixels, float32 (N, C); 0 where nothing is annotated."""
        pixels = np.maximum(self.annotated, 1)[:, None]
        return (self.counts / pixels).astype(np.float32)

    @property
    def ceiling(self) -> float:
        """Share of annotated pixels that the best labelling of regions gets right; NaN without annotation."""
        total = int(self.annotated.sum())
        return int(self.counts.max(axis=1).sum(dtype=np.uint64)) / total if total else float("nan")

    def __repr__(self) -> str:
        nodes, classes = self.counts.shape
        return f"<terrazzo.NodeTargets: {counted(nodes, 'node')}, {classes} class{'' if classes == 1 else 'es'}>"

    def _repr_html_(self) -> str:
        nodes, classes = self.counts.shape
        return table("terrazzo.NodeTargets", {"Nodes": f"{nodes:,}", "Classes": classes})
