"""How long would a run take? A few real blocks of the image, in one thread of this process, tell."""

from __future__ import annotations

import time
from tempfile import TemporaryDirectory

import numpy as np
import torch

from terrazzo.blocks import Block, BlockGrid
from terrazzo.blockwise.inputs.halo_cost import pixels_read
from terrazzo.blockwise.inputs.scale import lazy_scale
from terrazzo.blockwise.planning.task_memory import Work
from terrazzo.blockwise.runs.stored_blocks import segment_stored_block
from terrazzo.io.images.image import Image
from terrazzo.io.results.new_result import create_result
from terrazzo.io.results.result import Result
from terrazzo.lattice import Lattice
from terrazzo.models.gnn.classify_block import classify_nodes, paint_classes
from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.network import GNN
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.regions.graphs.segment_block import segment_block

SECONDS = 20  # for superpixels and graphs; classes are quick


def calibrated_seconds(work: Work, image: Image, grid: BlockGrid, model: Model | None = None) -> float:
    """Return the seconds that one thread would take for the whole image.

    Parameters
    ----------
    work : Work
        What is done with a block.
    image : Image
        The image: of its blocks the middle one and those around it are run, for 20 seconds, but at least one.
    grid : BlockGrid
        The blocks.
    model : Model, optional
        What labels them; without it, a network with random weights.
    """
    fitted = model or untrained(work)
    _compile(work.recipe)
    lazy = lazy_scale(image.data, work.recipe.superpixels)
    scale = float(lazy.compute(scheduler="synchronous"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with TemporaryDirectory(prefix="terrazzo-plan-") as folder:
            result = _result(folder, work, grid, fitted)
            done, seconds = _segment(work, image, grid, result, scale)
            read = sum(image_pixels(work.recipe, block) for block in done)
            return seconds * pixels_read(grid, work.recipe) / read + len(grid) * _classify(done, result, fitted)
    finally:
        torch.set_num_threads(threads)


def image_pixels(recipe: Recipe, block: Block) -> int:
    """Return the pixels that a block reads."""
    return int(np.prod(recipe.window(block).shape, dtype=np.int64))


def _segment(work: Work, image: Image, grid: BlockGrid, result: Result, scale: float) -> tuple[list[Block], float]:
    """Return the blocks that were segmented, the middle one first, and the seconds that they took."""
    middle = grid[tuple((count - 1) // 2 for count in grid.shape)]
    order = sorted(grid.neighbours(middle, max(grid.block_cells)), key=lambda block: block != middle)
    done: list[Block] = []
    began = time.perf_counter()
    for block in order:
        segment_stored_block(block, result, image.stored, None, work.recipe, scale)
        done.append(block)
        if time.perf_counter() - began > SECONDS:
            break
    return done, time.perf_counter() - began


def _classify(done: list[Block], result: Result, model: Model) -> float:
    """Return the seconds per block for classes; where blocks around are missing, in proportion to the nodes."""
    first, work = done[0], Work.of(model, 1)
    began = time.perf_counter()
    parts = [result.read_graph(block) for block in done]
    nodes = classify_nodes(model, first, parts)
    ids = result.read_superpixels(first.core.slices)
    rows = np.searchsorted(nodes.ids, parts[0].ids)
    result.write_classes(first, paint_classes(ids, first, nodes), parts[0], nodes.probabilities[rows])
    seconds = time.perf_counter() - began
    near = work.classify_task(first, result.grid).read_nodes
    return seconds * max(1.0, near / max(1, sum(_rows(part) for part in parts)))


def _rows(part: BlockGraph) -> int:
    return int(part.ids.size)


def _compile(recipe: Recipe) -> None:
    """Run everything once on a tiny image: compiling, or loading what was compiled, is no part of the rate."""
    size = recipe.superpixels.size
    block = BlockGrid.of(Lattice(tuple(2 * s for s in size), size), 1)[(0,) * len(size)]
    pixels = np.zeros((recipe.channels, *recipe.window(block).shape), np.float32)
    segment_block(pixels, block, recipe, 1.0)


def untrained(work: Work) -> Model:
    """Return a model with random weights for this work."""
    recipe = work.recipe
    nodes, edges = (np.zeros(len(names), np.float32) for names in (recipe.node_columns, recipe.edge_columns))
    names = tuple(f"class {value}" for value in range(work.network.classes))
    scaling = Scaling(nodes, nodes + 1, edges, edges + 1)
    return Model(GNN(work.network).eval(), scaling, recipe, names, ("#000000",) * len(names))


def _result(folder: str, work: Work, grid: BlockGrid, model: Model) -> Result:
    return create_result(
        f"{folder}/result.zarr",
        grid,
        node_columns=work.recipe.node_columns,
        edge_columns=work.recipe.edge_columns,
        class_names=model.class_names,
        colours=model.colours,
        pixel_size=None,
        made_from={},
    )
