"""What a model says of superpixels, from the graph on disk: no pixel is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from distributed import Client
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.blockwise.cluster.run_blocks import BlockCount, run_blocks
from terrazzo.models.device import choose_device, on_device
from terrazzo.models.lattice.embed_block import cells_needed, embedded_block
from terrazzo.models.lattice.model import LatticeModel
from terrazzo.project.stored_graph import StoredGraph
from terrazzo.regions.classes.annotation import NOT_ANNOTATED


@dataclass(frozen=True, eq=False)
class JudgedCells:
    """The superpixels that a block owns, on the lattice.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (*cells, C)
        Calibrated.
    embeddings : ndarray of float32, shape (*cells, width)
    present : ndarray of bool, shape (*cells,)
        Which cells have a superpixel.
    """

    probabilities: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    present: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CellClasses:
    """The class of each superpixel that a block owns, and how unsure the model is of it.

    Parameters
    ----------
    block : Block
    classes : ndarray of uint8, shape (*cells,)
        255 where there is no superpixel.
    unsure : ndarray of uint8, shape (*cells,)
        1 less the probability of the likeliest class and more that of the next, in 255ths; 0 without a superpixel.
    """

    block: Block
    classes: NDArray[np.uint8]
    unsure: NDArray[np.uint8]


def judged_cells(block: Block, model: LatticeModel, graph: StoredGraph, device: str) -> JudgedCells:
    """Return what a model says of the superpixels of a block."""
    network = on_device(model.network, choose_device(device))
    cells = cells_needed(model.settings, block.lattice.size)
    near = [graph.read("rows", one) for one in graph.grid.neighbours(block, cells)]
    found = embedded_block(block, near, network, model.scales)
    own = block.cells.within(found.box)
    with torch.inference_mode():
        probabilities = torch.softmax(found.logits / model.temperatures.region, dim=-1)[own].cpu().numpy()
        embeddings = found.embeddings[own].cpu().numpy()
    present = np.zeros(block.cells.shape, np.bool_)
    ids = graph.read("rows", block).ids
    present[tuple((block.lattice.cells_of(ids) - block.cells.start).T)] = True
    return JudgedCells(probabilities, embeddings, present)


def cell_classes(
    model: LatticeModel,
    graph: StoredGraph,
    blocks: Iterable[Block] | None = None,
    *,
    device: str = "auto",
    client: Client | None = None,
) -> Iterator[CellClasses]:
    """Yield the classes of the superpixels of each block, as soon as they are known.

    Parameters
    ----------
    model : LatticeModel
    graph : StoredGraph
        Made by the recipe of the model.
    blocks : iterable of Block, optional
        Of any grid of its lattice, those that are wanted first in front; by default those of the graph.
    device : str
        Where the network runs.
    client : distributed.Client, optional
        Where blocks are computed, by default in threads of this process.
    """
    wanted = list(graph.grid.along_curve() if blocks is None else blocks)
    told = BlockCount("superpixels' classes", len(wanted))
    yield from run_blocks(_classified, wanted, model, graph, device, client=client, done=told)


def _classified(block: Block, model: LatticeModel, graph: StoredGraph, device: str) -> CellClasses:
    found = judged_cells(block, model, graph, device)
    best = np.sort(found.probabilities, axis=-1)[..., -2:]
    unsure = np.rint(255 * (1 - (best[..., 1] - best[..., 0]))).astype(np.uint8)
    classes = found.probabilities.argmax(axis=-1).astype(np.uint8)
    return CellClasses(
        block, np.where(found.present, classes, np.uint8(NOT_ANNOTATED)), np.where(found.present, unsure, np.uint8(0))
    )
