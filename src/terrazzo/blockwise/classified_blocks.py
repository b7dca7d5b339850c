"""What a task does with a block whose graph is there: label its nodes and paint them; it loads torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.io.result import Result
from terrazzo.models.classify_block import cells_needed, classify_nodes, paint_classes
from terrazzo.models.model import Model
from terrazzo.regions.block_graph import BlockGraph

Ids = NDArray[np.unsignedinteger[Any]]


def classify_stored_block(block: Block, result: Result, model: Model, device: str) -> int:
    """Write a block's classes, and its nodes with theirs; return the number of pixels."""
    near = result.grid.neighbours(block, cells_needed(model.layers))
    parts = {other.index: result.read_graph(other) for other in near}
    nodes = classify_nodes(model, block, list(parts.values()), device)
    classes = paint_classes(result.read_superpixels(block.core.slices), block, nodes)
    own = parts[block.index]
    rows = np.searchsorted(nodes.ids, own.ids)
    result.write_classes(block, classes, own, nodes.probabilities[rows])
    return classes.size


def classes_of_block(model: Model, block: Block, ids: Ids, parts: list[BlockGraph], device: str) -> NDArray[np.uint8]:
    """Return the class of each pixel of a block's core."""
    return paint_classes(ids, block, classify_nodes(model, block, parts, device))
