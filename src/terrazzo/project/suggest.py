"""Where to draw next: places that the newest model is unsure of, unlike what is drawn and unlike each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from distributed import Client
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.blockwise.cluster.run_blocks import BlockCount, run_blocks
from terrazzo.errors import ParameterError
from terrazzo.models.device import choose_device, on_device
from terrazzo.models.lattice.embed_block import cells_needed, embedded_block
from terrazzo.models.lattice.model import LatticeModel
from terrazzo.progress import shows_progress
from terrazzo.project.candidates import Candidates, best_of, picked, unsure_cells
from terrazzo.project.measuring import tables_path
from terrazzo.project.places import Place
from terrazzo.project.project import Project
from terrazzo.project.stored_graph import StoredGraph
from terrazzo.training.lattice.tables import read_table, table_file

SIDE = 6
"""Cells along a side of a place."""


@shows_progress
def suggest(
    project: Project,
    number: int = 24,
    *,
    images: Sequence[str] | None = None,
    device: str = "auto",
    client: Client | None = None,
) -> list[Place]:
    """Return where drawing would help the newest model of a project most, the largest gain first.

    Each block's superpixels are classified from the graph on disk; no pixel is read. Of each block the least sure are
    candidates, none of them near what is drawn. Of these one after the other is taken, whose unsureness times the
    distance of its embedding to those that are drawn or taken is the highest.

    Parameters
    ----------
    project : Project
        With a model.
    number : int
        The most places.
    images : sequence of str, optional
        The names of the images to look at, by default all whose graphs are computed.
    device : str
        Where the network runs.
    client : distributed.Client, optional
        Where blocks are computed, by default in threads of this process.

    Returns
    -------
    list of Place

    Raises
    ------
    InputError
        If nothing is fitted, or a graph is not there.
    ParameterError
        If `number` is below 1.
    """
    if number < 1:
        raise ParameterError(f"number is {number}; it must be at least 1")
    model = project.fitted()
    waiting = project.unmeasured
    names = [name for name in project.images if name not in waiting] if images is None else list(images)
    found: list[Candidates] = []
    known: list[NDArray[np.float32]] = []
    for place, name in enumerate(names):
        graph = StoredGraph(project.graph(name))
        job = _Job(model, graph, tables_path(project.folder, name), place, device)
        told = BlockCount("looked at", len(graph.grid))
        parts = run_blocks(_looked_at, graph.grid.along_curve(), job, client=client, done=told)
        drawn: dict[tuple[int, ...], NDArray[np.float32]] = {}
        for block, unsure, embeddings in parts:
            found = [best_of([*found, unsure])]
            if embeddings.size:
                drawn[block.index] = embeddings
        known += [drawn[index] for index in sorted(drawn)]
    if not found:
        return []
    pool = found[0]
    return [_place(pool.chosen([row]), gain, names, model, project) for row, gain in picked(pool, known, number)]


@dataclass(frozen=True, eq=False)
class _Job:
    model: LatticeModel
    graph: StoredGraph
    tables: Path
    image: int
    device: str


def _place(chosen: Candidates, gain: float, names: Sequence[str], model: LatticeModel, project: Project) -> Place:
    """Return the place around a candidate: 6 cells along each side, inside the image."""
    name = names[int(chosen.images[0])]
    lattice = project.graph(name).grid.lattice
    cell = tuple(map(int, chosen.cells[0]))
    first = tuple(max(0, min(at - SIDE // 2, count - SIDE)) for at, count in zip(cell, lattice.cells, strict=True))
    last = tuple(min(a + SIDE, count) for a, count in zip(first, lattice.cells, strict=True))
    box = Box(first, last).scaled(lattice.size, lattice.shape)
    likeliest, other = (model.class_names[value] for value in chosen.classes[0])
    return Place(name, box.start, box.stop, gain, 1 - float(chosen.unsure[0]), (likeliest, other))


def _looked_at(block: Block, job: _Job) -> tuple[Block, Candidates, NDArray[np.float32]]:
    """Return the cells of a block that are least sure, and the embeddings of those that are drawn on."""
    network = on_device(job.model.network, choose_device(job.device))
    near = [job.graph.read("rows", one) for one in job.graph.grid.neighbours(block, cells_needed(job.model.settings))]
    found = embedded_block(block, near, network, job.model.scales)
    own = block.cells.within(found.box)
    with torch.inference_mode():
        probabilities = torch.softmax(found.logits / job.model.temperatures.region, dim=-1)[own].cpu().numpy()
        embeddings = found.embeddings[own].cpu().numpy()
    present = np.zeros(block.cells.shape, np.bool_)
    ids = job.graph.read("rows", block).ids
    present[tuple((block.lattice.cells_of(ids) - block.cells.start).T)] = True
    drawn: NDArray[np.bool_] = np.zeros(block.cells.shape, np.bool_)
    if table_file(job.tables, block).exists():
        drawn = np.asarray(read_table(job.tables, block).counts.any(axis=-1))
    unsure = unsure_cells(job.image, block, probabilities, embeddings, present, drawn)
    return block, unsure, embeddings[drawn & present]
