"""Segment and label a stored image on disk, one task per block and pass."""

from __future__ import annotations

import time
from functools import reduce
from operator import add
from pathlib import Path

from distributed import Client

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.classified_blocks import classify_stored_block
from terrazzo.blockwise.image_array import lattice_of
from terrazzo.blockwise.masks import MaskLike, checked_mask
from terrazzo.blockwise.model_image import model_image
from terrazzo.blockwise.progress import BlockCount, Progress
from terrazzo.blockwise.refuse import refuse_what_does_not_fit
from terrazzo.blockwise.run_blocks import run_blocks
from terrazzo.blockwise.scale import lazy_scale
from terrazzo.blockwise.stored_blocks import segment_stored_block
from terrazzo.io.image import Image
from terrazzo.io.result import Result, create_result
from terrazzo.models.device import choose_device
from terrazzo.models.model import Model
from terrazzo.regions.compared_channels import check_channels


def write_prediction(
    model: Model,
    image: Image,
    path: str | Path,
    *,
    mask: MaskLike | None = None,
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
    mask : Image, array of bool or function, optional
        Which pixels get superpixels and a class, as for `superpixels`; the others are 0 and 255. Of blocks that an
        Image or array leaves out the image is not read. An array in memory goes whole to each worker.
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
        If the image's axes or channels are not those of the model.
    InputError
        If the path exists or cannot be written, the mask is none of the image, or a pixel inside it is NaN or
        infinite.
    ParameterError
        If a block takes more memory than a worker may hold, or all that run at a time more than this machine has.
    """
    array, parameters = model_image(model, image), model.recipe.superpixels
    check_channels(array.shape[0], array.dtype, parameters)
    choose_device(device)
    lattice = lattice_of(array, parameters.size)
    grid, inside = BlockGrid.of(lattice, block), checked_mask(mask, lattice.shape)
    refuse_what_does_not_fit(model, image, grid, client, masked=mask is not None)
    lazy = lazy_scale(array, parameters, inside)
    scale = float(lazy.compute() if client is None else client.compute(lazy).result())
    made_from = {"image": image.path, "level": image.level, "model": model.fingerprint(), "scale": scale}
    if mask is not None:
        made_from["mask"] = mask.path if isinstance(mask, Image) else "a function" if callable(mask) else "an array"
    result = create_result(
        path,
        grid,
        node_columns=model.recipe.node_columns,
        edge_columns=model.recipe.edge_columns,
        class_names=model.class_names,
        colours=model.colours,
        pixel_size=image.pixel_size,
        pixel_unit=image.pixel_unit,
        made_from=made_from,
        overwrite=overwrite,
    )
    began = time.perf_counter()
    told = BlockCount("superpixels", len(grid), progress)
    shared = (image.stored, inside, model.recipe, scale, result)
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
