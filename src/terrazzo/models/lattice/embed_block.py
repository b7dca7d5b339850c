"""The embeddings of the superpixels that a block's pixels ask, from the rows of the blocks around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from terrazzo.blocks import Block, Box
from terrazzo.kernels.superpixels.adjacency import reach_along
from terrazzo.ledger import stage
from terrazzo.models.lattice.cell_edges import pairs_within
from terrazzo.models.lattice.cell_rows import CellRows, cell_rows
from terrazzo.models.lattice.network import LatticeNetwork
from terrazzo.models.lattice.scales import Scales
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.messages.grid_passing import GridPassing
from terrazzo.models.messages.receptive_field import reach, way_up
from terrazzo.regions.graphs.block_graph import BlockGraph

# A pixel's superpixel may be seeded one cell outside its block, and the middles of cells around it as well.
ASKED_MARGIN = 1


@dataclass(frozen=True, eq=False)
class EmbeddedCells:
    """What a network says of the superpixels in a box of cells; 0 where there is none.

    Parameters
    ----------
    box : Box
        Cells of the lattice.
    embeddings : Tensor of float32, shape (*cells, width)
    logits : Tensor of float32, shape (*cells, classes)
        Of the superpixels' own classes.
    added : Tensor of float32, shape (*cells, classes), or None
        What of the logits a conditional random field has added.
    """

    box: Box
    embeddings: Tensor
    logits: Tensor
    added: Tensor | None = None


def cells_judged(settings: LatticeSettings, size: tuple[int, ...]) -> tuple[int, ...]:
    """Return how many cells around a block have logits that its classes depend on: a step leads to a neighbour."""
    return tuple(ASKED_MARGIN + step * settings.crf_steps for step in reach_along(size))


def cells_needed(settings: LatticeSettings, size: tuple[int, ...]) -> tuple[int, ...]:
    """Return how many cells around a block own superpixels that its classes depend on.

    Parameters
    ----------
    settings : LatticeSettings
    size : tuple of int
        Of superpixels.
    """
    judged, seen = cells_judged(settings, size), reach(settings, len(size))
    return tuple(margin + far for margin, far in zip(judged, seen, strict=True))


def window_of_cells(block: Block, settings: LatticeSettings) -> Box:
    """Return the box of cells that a network sees of a block: it begins at a cell of the coarsest level."""
    size = block.lattice.size
    return block.cells_with(cells_needed(settings, size)).aligned(settings.coarsest(len(size)))


def embedded_block(block: Block, parts: Sequence[BlockGraph], network: LatticeNetwork, scales: Scales) -> EmbeddedCells:
    """Return the embeddings of the superpixels of a block and of one cell around it.

    Parameters
    ----------
    block : Block
    parts : sequence of BlockGraph
        What the blocks own that have cells within `cells_needed` of the block.
    network : LatticeNetwork
        In evaluation mode; where its weights are the answer is.
    scales : Scales
    """
    settings = network.config.settings
    with stage("gather rows"):
        table = cell_rows(parts, window_of_cells(block, settings), block.lattice)
    asked, judged = block.cells_with(ASKED_MARGIN), block.cells_with(cells_judged(settings, block.lattice.size))
    with stage("network"), torch.inference_mode():
        h = embedded(table, judged, network, scales)
        logits = network.region(h)
        if network.crf is None:
            return EmbeddedCells(asked, h, logits)
        pairs = pairs_within(parts, judged, block.lattice, logits.device)
        added = network.crf(logits.flatten(0, -2), pairs).view(logits.shape)
        inside = asked.within(judged)
        return EmbeddedCells(asked, h[inside], (logits + added)[inside], added[inside])


def embedded(table: CellRows, asked: Box, network: LatticeNetwork, scales: Scales) -> Tensor:
    """Return the embeddings of the cells that are asked for, shape (*cells, width).

    Parameters
    ----------
    table : CellRows
        Begins at a cell of the coarsest level.
    asked : Box
        Cells of the lattice, inside the table. On the way up no level is computed farther around than they need.
    network : LatticeNetwork
    scales : Scales
    """
    settings, axes = network.config.settings, network.config.axes
    whole = table.padded(settings.coarsest(axes))
    device = network.region.weight.device
    rows = torch.from_numpy(scales.rows(whole.rows)).to(device)[None]
    present = torch.from_numpy(whole.present).to(device)[None]
    inside = asked.within(table.box)
    wanted = Box(tuple(part.start for part in inside), tuple(part.stop for part in inside))
    looked_at = way_up(wanted, whole.box.shape, settings)
    with torch.inference_mode():
        h: Tensor = network(GridPassing(present, settings.coarser, looked_at, settings.pooling(axes)), rows)[0]
    return h[wanted.within(looked_at[0])] if looked_at else h[inside]
