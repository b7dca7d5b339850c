"""A prediction whose arguments are checked, before anything is written: what a task, or a run of many, begins with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client

from terrazzo.arguments import A_MODEL, AN_IMAGE, require
from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.inputs.block_inputs import warn_of_halo
from terrazzo.blockwise.inputs.masks import Mask, MaskLike, checked_mask
from terrazzo.blockwise.inputs.model_image import model_image, say_pixel_size
from terrazzo.blockwise.planning.refuse import refuse_what_does_not_fit
from terrazzo.blockwise.runs.made_from import made_from, started_result
from terrazzo.errors import ParameterError
from terrazzo.io.failures import about
from terrazzo.io.images.image import Image
from terrazzo.io.output_path import check_ending, check_output
from terrazzo.io.results.new_result import check_writable
from terrazzo.models.fitted_model import FittedModel


@dataclass(frozen=True, eq=False)
class Prepared:
    """What is to be written and from what; small to send.

    Parameters
    ----------
    image : Image
    path : path
        Of the result, which may have been begun from the same.
    inside : Mask
        Which pixels count.
    grid : BlockGrid
    made_from : dict
        All that decides the result but what is estimated of the image.
    probabilities, overwrite : bool
        As for `write_prediction`.
    finished : bool
        Whether nothing is left to do.
    """

    image: Image
    path: str | Path
    inside: Mask
    grid: BlockGrid
    made_from: dict[str, Any]
    probabilities: bool
    overwrite: bool
    finished: bool


def prepared(
    model: FittedModel,
    image: Image,
    path: str | Path,
    *,
    mask: MaskLike | None = None,
    block: int | None = None,
    probabilities: bool = False,
    overwrite: bool = False,
) -> Prepared:
    """Check what `write_prediction` is given; nothing is written and no pixel is read.

    Raises
    ------
    ModelError, InputError, ParameterError
        If `write_prediction` would refuse the image, the mask, what is at the path or what is asked for.
    """
    require(model, FittedModel, *A_MODEL)
    require(image, Image, *AN_IMAGE)
    check_path(path, image, mask)
    with about(image.path):
        extent = model_image(model, image).shape[1:]
    check_outputs(model, probabilities)
    inside, grid = checked_mask(mask, extent), model.grid(extent, block)
    if overwrite:
        check_writable(path, overwrite)
    source = made_from(model, image, mask, grid, probabilities)
    started = None if overwrite else started_result(path, source)
    finished = started is not None and bool(started.run["finished"])
    return Prepared(image, path, inside, grid, source, probabilities, overwrite, finished)


def check_before_blocks(model: FittedModel, one: Prepared, client: Client | None) -> None:
    """Refuse what does not fit into memory, and warn of pixels of another size and of blocks that are small.

    Raises
    ------
    ParameterError
        If a block takes more memory than a worker may hold, or all that run at a time more than this machine has.
    """
    say_pixel_size(model, one.image)
    if not one.finished:
        masked = one.inside is not None
        refuse_what_does_not_fit(model, one.image, one.grid, client, masked=masked, probabilities=one.probabilities)
        warn_of_halo(one.grid, model.window)


def check_outputs(model: FittedModel, probabilities: bool) -> None:
    """Raise a ParameterError if a model gives no probabilities and they are asked for."""
    if probabilities and not any("probabilities" in one.gives for one in model.passes()):
        raise ParameterError(f"a {model.title} writes no image of probabilities; leave --probabilities out")


def check_path(path: str | Path, image: Image, mask: MaskLike | None) -> None:
    """Raise an InputError if a result of an image, with its mask, may not be written to a path."""
    check_ending(path, "result")
    check_output(path, *(one.path for one in (image, mask) if isinstance(one, Image)))
