"""What a task does with a block whose graph is written: label its nodes, paint them, write."""

from __future__ import annotations

import numpy as np

from terrazzo.blocks import Block
from terrazzo.io.result import Result
from terrazzo.models.classify_block import cells_needed, classify_nodes, paint_classes
from terrazzo.models.model import Model


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
