"""Label a stored image on disk, one task per block and pass."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import dask.array as da
from distributed import Client

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.cluster.progress import BlockCount
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.cluster.worker_watch import computed
from terrazzo.blockwise.inputs.halo_cost import warn_of_halo
from terrazzo.blockwise.inputs.masks import Mask, MaskLike, checked_mask
from terrazzo.blockwise.inputs.model_image import model_image, say_pixel_size
from terrazzo.blockwise.inputs.scale import lazy_scale
from terrazzo.blockwise.planning.model_grid import model_grid, model_window
from terrazzo.blockwise.planning.refuse import refuse_what_does_not_fit
from terrazzo.blockwise.runs.classified_blocks import classify_stored_block
from terrazzo.blockwise.runs.classified_pixels import classify_stored_pixels
from terrazzo.blockwise.runs.made_from import made_from, started_result
from terrazzo.blockwise.runs.stored_blocks import segment_stored_block, write_levels
from terrazzo.errors import ParameterError
from terrazzo.io.images.image import Image
from terrazzo.io.output_path import check_output
from terrazzo.io.results.leftovers import remove_partial_files
from terrazzo.io.results.new_result import check_writable, create_result
from terrazzo.io.results.result import LEVELS, Result
from terrazzo.models.any_model import AnyModel
from terrazzo.models.device import choose_device
from terrazzo.models.gnn.model import Model
from terrazzo.progress import progress as listening
from terrazzo.regions.superpixels.compared_channels import check_channels

SCALE = "the windows that the intensity scale is estimated from"


def write_prediction(
    model: AnyModel,
    image: Image,
    path: str | Path,
    *,
    mask: MaskLike | None = None,
    client: Client | None = None,
    block: int | None = None,
    device: str = "auto",
    probabilities: bool = False,
    overwrite: bool = False,
    progress: Callable[[str, int, int, int], None] | None = None,
) -> Result:
    """Write superpixels, classes, nodes and edges of a stored image to a `result.zarr`; by a U-Net classes alone.

    Called again after it was interrupted, however it was, it goes on where it stopped: blocks that are finished are
    not computed again. If the result is finished, it is returned as it is.

    Parameters
    ----------
    model : Model or UNetModel
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
    probabilities : bool
        Write an image of the probability of each class as well: (class, y, x) or (class, z, y, x), in 8 bits.
    overwrite : bool
        Replace a result that is there, finished or not.
    progress : callable, optional
        Called with `(pass, blocks done, blocks in all, pixels done)`; what an earlier run has done is counted.

    Returns
    -------
    Result

    Raises
    ------
    ModelError
        If the image's axes or channels are not those of the model.
    InputError
        If the path is the image's, inside it or around it; if it holds something else than a result, or a result that
        was made from another image, model, mask, block or version; if it cannot be written; if the mask is none of the
        image, or a pixel inside it is NaN or infinite.
    ParameterError
        If a block takes more memory than a worker may hold, or all that run at a time more than this machine has; if
        a block kills its workers again and again.
    """
    check_output(path, *_paths(image, mask))
    array = model_image(model, image)
    _check_kind(model, array, probabilities)
    say_pixel_size(model, image)
    choose_device(device)
    grid, inside = model_grid(model, array.shape[1:], block), checked_mask(mask, array.shape[1:])
    source = made_from(model, image, mask, grid, probabilities)
    result = None if overwrite else started_result(path, source)
    if result is None or not result.run["finished"]:
        refuse_what_does_not_fit(model, image, grid, client, masked=mask is not None, probabilities=probabilities)
        warn_of_halo(grid, model_window(model))
    if result is None:
        if isinstance(model, Model):
            lazy = lazy_scale(array, model.recipe.superpixels, inside)
            source["intensity_scale"] = float(lazy.compute() if client is None else computed(lazy, client, SCALE))
        result = _new_result(path, grid, model, image, source, overwrite)
    if not result.run["finished"]:
        remove_partial_files(result)
        with listening(lambda one: progress(one.name, one.done, one.total, one.pixels)) if progress else nullcontext():
            _write_blocks(result, model, image, inside, client, device)
    return result


def is_prediction_finished(
    model: AnyModel,
    image: Image,
    path: str | Path,
    *,
    mask: MaskLike | None = None,
    block: int | None = None,
    probabilities: bool = False,
    overwrite: bool = False,
) -> bool:
    """Whether nothing is left to do for `write_prediction` with these arguments; nothing is written.

    Raises
    ------
    ModelError, InputError
        If `write_prediction` would refuse the image, the mask or what is at the path.
    """
    check_output(path, *_paths(image, mask))
    array = model_image(model, image)
    _check_kind(model, array, probabilities)
    checked_mask(mask, array.shape[1:])
    if overwrite:
        check_writable(path, overwrite)
        return False
    grid = model_grid(model, array.shape[1:], block)
    started = started_result(path, made_from(model, image, mask, grid, probabilities))
    return started is not None and bool(started.run["finished"])


def _check_kind(model: AnyModel, array: da.Array, probabilities: bool) -> None:
    if isinstance(model, Model):
        check_channels(array.shape[0], array.dtype, model.recipe.superpixels)
    elif probabilities:
        raise ParameterError("a U-Net writes no image of probabilities; leave --probabilities out")


def _paths(image: Image, mask: MaskLike | None) -> list[str]:
    return [image.path, mask.path] if isinstance(mask, Image) else [image.path]


def _new_result(
    path: str | Path, grid: BlockGrid, model: AnyModel, image: Image, source: dict[str, Any], overwrite: bool
) -> Result:
    recipe = model.recipe if isinstance(model, Model) else None
    return create_result(
        path,
        grid,
        node_columns=recipe.node_columns if recipe else (),
        edge_columns=recipe.edge_columns if recipe else (),
        class_names=model.class_names,
        colours=model.colours,
        pixel_size=image.pixel_size,
        pixel_unit=image.pixel_unit,
        made_from=source,
        probabilities=source["probabilities"],
        overwrite=overwrite,
        passes=("superpixels", "classes") if recipe else ("classes",),
    )


def _write_blocks(
    result: Result,
    model: AnyModel,
    image: Image,
    mask: Mask,
    client: Client | None,
    device: str,
) -> None:
    """Run what is left of each pass, and finish the result."""
    began = time.perf_counter()
    figures: dict[str, Any] = {"pixels": math.prod(result.grid.lattice.shape)}
    if isinstance(model, Model):
        shared = image.stored, mask, model.recipe, result.run["made_from"]["intensity_scale"]
        _run_pass("superpixels", segment_stored_block, result, client, *shared)
        middle = time.perf_counter()
        _run_pass("classes", classify_stored_block, result, client, model, device)
        counts = zip(*result.finished("superpixels").values(), strict=True)
        figures |= zip(("superpixels", "edges", "unadopted_pixels"), map(sum, counts), strict=True)
        seconds = {"superpixels": middle - began, "classes": time.perf_counter() - middle}
    else:
        _run_pass("classes", classify_stored_pixels, result, client, image.stored, mask, model, device)
        seconds = {"classes": time.perf_counter() - began}
    painted = time.perf_counter()
    _run_steps(result, client)
    seconds["levels"] = time.perf_counter() - painted
    remove_partial_files(result)  # of workers that died
    result.finish(figures | {"seconds": seconds})


def _run_pass(
    name: str,
    function: Callable[..., None],
    result: Result,
    client: Client | None,
    *shared: Any,
) -> None:
    """Run a pass over the blocks that it has not finished."""
    finished = result.finished(name)
    told = BlockCount(name, len(result.grid), (result.grid[index] for index in finished))
    waiting = (block for block in result.grid.along_curve() if block.index not in finished)
    for _ in run_blocks(function, waiting, result, *shared, client=client, done=told):
        pass


def _run_steps(result: Result, client: Client | None) -> None:
    """Write the coarser levels, a step after the other: each begins with what the one before has written."""
    pyramid, finished = result.pyramid, result.finished(LEVELS)
    found = (pyramid.tiles(step)[tuple(index)] for step, *index in finished)
    told = BlockCount(LEVELS, pyramid.number_of_tiles, found)
    for step in pyramid.steps:
        waiting = (tile for tile in pyramid.tiles(step).along_curve() if (step, *tile.index) not in finished)
        for _ in run_blocks(write_levels, waiting, result, step, client=client, done=told):
            pass
