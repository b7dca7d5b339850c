"""Write the classes of a result into the OME-Zarr image that it was made from."""

from __future__ import annotations

from pathlib import Path

from distributed import Client

from terrazzo.arguments import A_RESULT, AN_IMAGE, require
from terrazzo.blocks import Block
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.cluster.run_blocks import BlockCount, run_blocks
from terrazzo.blockwise.inputs.image_array import axis_names
from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.io.levels.level_arrays import LevelArrays
from terrazzo.io.results.result import Result
from terrazzo.io.results.source_labels import SourceLabels
from terrazzo.progress import shows_progress


@shows_progress
def write_labels_into(
    result: Result,
    image: Image,
    *,
    name: str = "classes",
    client: Client | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the classes of a finished result into the group `labels` of an OME-Zarr image, with names and colours.

    They are written under a hidden name, moved to their place whole and then listed in the group's metadata: of
    OME-NGFF 0.4 in a store of Zarr v2, of 0.5 in one of Zarr v3. What this result has written before is left as it is.

    Parameters
    ----------
    result : Result
        A finished result.
    image : Image
        The image and level that it was made from.
    name : str
        Of the label image.
    client : distributed.Client, optional
        Where the tasks run; without it, where the client that is active runs them, or in this process's threads.
    overwrite : bool
        Replace labels of this name, if they were written by terrazzo.

    Returns
    -------
    Path
        The label image.

    Raises
    ------
    InputError
        If the result is not finished or of another extent; if the image is no OME-Zarr image, cannot be written to,
        or has labels of this name that are not to be replaced.
    """
    require(result, Result, *A_RESULT)
    require(image, Image, *AN_IMAGE)
    result.check_finished()
    if image.extent != result.grid.lattice.shape:
        axes = axis_names(len(image.extent))
        raise InputError(
            f"the image has {image.extent} pixels {axes} and the result {result.grid.lattice.shape}; "
            "give the image and the level that it was made from"
        )
    labels = SourceLabels.of(image, name)
    if not labels.shows(result.run_id):
        labels.check_free(overwrite)
        _copy(result, image, labels, active_client(client))
    labels.register()
    return labels.path


def check_labels_into(image: Image, result_id: str | None, *, name: str = "classes", overwrite: bool = False) -> None:
    """Raise an InputError if `write_labels_into` would refuse an image; `result_id` is of a result that is finished."""
    labels = SourceLabels.of(image, name)
    if result_id is None or not labels.shows(result_id):
        labels.check_free(overwrite)


def _copy(result: Result, image: Image, labels: SourceLabels, client: Client | None) -> None:
    pyramid, run = result.pyramid, result.run
    told = BlockCount("labels", len(result.grid) + pyramid.number_of_tiles)
    names, colours = tuple(run["class_names"]), tuple(run["made_from"]["colours"])
    with labels.filled(image, pyramid, names, colours, result.run_id) as arrays:
        for _ in run_blocks(_copy_block, result.grid.along_curve(), result, arrays, client=client, done=told):
            pass
        for step in pyramid.steps:
            tiles = pyramid.tiles(step).along_curve()
            for _ in run_blocks(_coarsen_tile, tiles, arrays, step, client=client, done=told):
                pass


def _copy_block(block: Block, result: Result, arrays: LevelArrays) -> None:
    arrays.write(block, result.read_classes(block.core.slices))


def _coarsen_tile(tile: Block, arrays: LevelArrays, step: int) -> None:
    arrays.coarsen(step, tile)
