"""Segment and label a stored image on disk, one task per block and pass."""

from __future__ import annotations

import time
from functools import reduce
from operator import add
from pathlib import Path

from distributed import Client

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.classified_blocks import classify_stored_block
from terrazzo.blockwise.progress import BlockCount, Progress
from terrazzo.blockwise.run_blocks import run_blocks
from terrazzo.blockwise.stored_blocks import segment_stored_block
from terrazzo.blockwise.superpixels import lattice_of, lazy_scale
from terrazzo.io.image import Image
from terrazzo.io.result import Result, create_result
from terrazzo.models.device import choose_device
from terrazzo.models.model import Model


def write_prediction(
    model: Model,
    image: Image,
    path: str | Path,
    *,
    client: Client | None = None,
    block: int | None = None,
    device: str = "auto",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Write superpixels, classes, nodes and edges of a stored image to a `result.zarr`.

    Parameters
    ----------
    model : Model
        A fitted model.
    image : Image
        A stored image; every task reads its own window of it.
    path : path
        The result's directory.
    client : distributed.Client, optional
        Where the tasks run; without it, in this process's threads.
    block : int, optional
        About how many pixels wide the blocks are.
    device : str
        Where the network runs: "auto", "cpu", "cuda" or "cuda:0".
    overwrite : bool
        Replace a result that is there.
    progress : callable, optional
        Called with `(pass, blocks done, blocks in all, pixels done)`.

    Returns
    -------
    Result

    Raises
    ------
    ModelError
        If the image's channels are not those of the model.
    InputError
        If the path exists or cannot be written, or a pixel is NaN or infinite.
    """
    model.check_channels(image.shape[0])
    choose_device(device)
    grid = BlockGrid.of(lattice_of(image.data, model.recipe.superpixels.size), block)
    lazy = lazy_scale(image.data, model.recipe.superpixels)
    scale = float(lazy.compute() if client is None else client.compute(lazy).result())
    result = create_result(
        path,
        grid,
        node_columns=model.recipe.node_columns,
        edge_columns=model.recipe.edge_columns,
        class_names=model.class_names,
        colours=model.colours,
        pixel_size=image.pixel_size,
        pixel_unit=image.pixel_unit,
        made_from={"image": image.path, "level": image.level, "model": model.fingerprint(), "scale": scale},
        overwrite=overwrite,
    )
    began = time.perf_counter()
    told = BlockCount("superpixels", len(grid), progress)
    shared = (image.stored, model.recipe, scale, result)
    counts = reduce(add, run_blocks(segment_stored_block, grid, *shared, client=client, done=told))
    middle = time.perf_counter()
    told = BlockCount("classes", len(grid), progress)
    for _ in run_blocks(classify_stored_block, grid, result, model, device, client=client, done=told):
        pass
    ended = time.perf_counter()
    result.finish(
        {
            "pixels": counts.pixels,
            "superpixels": counts.nodes,
            "edges": counts.edges,
            "unadopted_pixels": counts.unadopted,
            "seconds": {"superpixels": middle - began, "classes": ended - middle},
        }
    )
    return result
