"""What a task does with a block whose graph is there: label its nodes and paint them; it loads torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.io.results.result import Result
from terrazzo.models.gnn.classify_block import cells_needed, classify_nodes, paint_classes, paint_probabilities
from terrazzo.models.gnn.model import Model
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.regions.graphs.block_graph import BlockGraph

Ids = NDArray[np.unsignedinteger[Any]]


def classify_stored_block(block: Block, result: Result, model: Model, device: str) -> None:
    """Write a block's classes, and its nodes with theirs."""
    ids, own = result.read_superpixels(block.core.slices), result.read_graph(block)
    if not ids.any() and not own.ids.size:
        nobody = np.empty((0, len(model.class_names)), np.float32)
        result.write_classes(block, _no_classes(ids), own, nobody)
        return
    near = result.grid.neighbours(block, cells_needed(model.layers))
    parts = [own if other == block else result.read_graph(other) for other in near]
    nodes = classify_nodes(model, block, parts, device)
    rows = np.searchsorted(nodes.ids, own.ids)
    planes = paint_probabilities(ids, block, nodes) if result.probabilities else ()
    result.write_classes(block, paint_classes(ids, block, nodes), own, nodes.probabilities[rows], planes)


def classes_of_block(model: Model, block: Block, ids: Ids, parts: list[BlockGraph], device: str) -> NDArray[np.uint8]:
    """Return the class of each pixel of a block's core; 255 where no superpixel is."""
    if not ids.any():
        return _no_classes(ids)
    return paint_classes(ids, block, classify_nodes(model, block, parts, device))


def _no_classes(ids: Ids) -> NDArray[np.uint8]:
    return np.full(ids.shape, NOT_ANNOTATED, np.uint8)
