"""Label a stored image on disk, one task per block and pass."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from distributed import Client

from terrazzo.blocks import Block
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.cluster.run_blocks import BlockCount, run_blocks
from terrazzo.blockwise.inputs.block_inputs import warn_of_halo
from terrazzo.blockwise.inputs.estimates import INTENSITIES, estimated, estimates_of
from terrazzo.blockwise.inputs.masks import Mask, MaskLike, checked_mask
from terrazzo.blockwise.inputs.model_image import channel_note, intensity_note, model_image, say_pixel_size
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import write_pass
from terrazzo.blockwise.planning.refuse import refuse_what_does_not_fit
from terrazzo.blockwise.runs.made_from import made_from, started_result
from terrazzo.blockwise.runs.run_ledger import PassLedger
from terrazzo.errors import ParameterError
from terrazzo.io.images.image import Image
from terrazzo.io.output_path import check_ending, check_output
from terrazzo.io.results.leftovers import remove_partial_files
from terrazzo.io.results.new_result import check_writable, create_result_of
from terrazzo.io.results.result import LEVELS, Result
from terrazzo.io.results.result_writer import ResultWriter
from terrazzo.ledger import Stopwatch, TaskLedger
from terrazzo.models.device import choose_device
from terrazzo.models.fitted_model import FittedModel
from terrazzo.models.passes.declared import Pass
from terrazzo.progress import shows_progress

_log = logging.getLogger(__name__)


@shows_progress
def write_prediction(
    model: FittedModel,
    image: Image,
    path: str | Path,
    *,
    mask: MaskLike | None = None,
    client: Client | None = None,
    block: int | None = None,
    device: str = "auto",
    probabilities: bool = False,
    overwrite: bool = False,
) -> Result:
    """Write what a model gives of a stored image to a `result.zarr`: superpixels, nodes, edges and classes, or classes.

    Called again after it was interrupted, however it was, it goes on where it stopped: blocks that are finished are
    not computed again. If the result is finished, it is returned as it is.

    Where the image's intensities are unlike those that the model was fitted on, one line of the log says so, and so do
    the notes of the result's `run`.

    Parameters
    ----------
    model : FittedModel
        Of any kind.
    image : Image
        A stored image; every task reads its own window of it.
    path : path
        The result's directory.
    mask : Image, array of bool or function, optional
        Which pixels get superpixels and a class, as for `superpixels`; the others are 0 and 255. Of blocks that an
        Image or array leaves out the image is not read. An array in memory goes whole to each worker.
    client : distributed.Client, optional
        Where the tasks run; by default on the client that is active in this process, without one in its threads.
    block : int, optional
        About how many pixels wide the blocks are.
    device : str
        Where the network runs: "auto", "cpu", "cuda" or "cuda:0".
    probabilities : bool
        Write an image of the probability of each class as well: (class, y, x) or (class, z, y, x), in 8 bits.
    overwrite : bool
        Replace a result that is there, finished or not.

    Returns
    -------
    Result

    Raises
    ------
    ModelError
        If the image's axes or channels are not those of the model.
    InputError
        If the path is the image's, inside it or around it, or its ending names another format; if it holds something
        else than a result, or a result that was made from another image, model, mask, block or version; if it cannot
        be written; if the mask is none of the image, or a pixel inside it is NaN or infinite.
    ParameterError
        If a block takes more memory than a worker may hold, or all that run at a time more than this machine has; if
        a block kills its workers again and again.
    """
    check_path(path, image, mask)
    array = model_image(model, image)
    check_outputs(model, probabilities)
    say_pixel_size(model, image)
    choose_device(device)
    client = active_client(client)
    grid, inside = model.grid(array.shape[1:], block), checked_mask(mask, array.shape[1:])
    source = made_from(model, image, mask, grid, probabilities)
    result = None if overwrite else started_result(path, source)
    if result is None or not result.run["finished"]:
        refuse_what_does_not_fit(model, image, grid, client, masked=mask is not None, probabilities=probabilities)
        warn_of_halo(grid, model.window)
    passes = model.passes(device)
    if result is None:
        found, notes = looked_at(model, passes, image, inside, client, probabilities=probabilities)
        made = partial(create_result_of, model, passes, path, grid, image=image, probabilities=probabilities)
        result = made(made_from=source | found, overwrite=overwrite, notes=notes)
    if not result.run["finished"]:
        go_on(result, model, passes, image, inside, client)
    return result


def looked_at(
    model: FittedModel,
    passes: Sequence[Pass],
    image: Image,
    inside: Mask,
    client: Client | None,
    *,
    probabilities: bool = False,
) -> tuple[dict[str, Any], list[str]]:
    """Return what is estimated of an image before its first block, and what there is to say of it and the result."""
    compared = {} if model.seen is None else {INTENSITIES.name: INTENSITIES}
    found = estimated(estimates_of(passes) | compared, model_image(model, image), inside, client)
    shares = model.probabilities_note() if probabilities else None
    notes = channel_note(model, image), intensity_note(model, found.pop(INTENSITIES.name, None), image.path), shares
    return found, [note for note in notes if note is not None]


def go_on(
    result: Result,
    model: FittedModel,
    passes: Sequence[Pass],
    image: Image,
    inside: Mask,
    client: Client | None,
) -> None:
    """Say what there is to say of the image, and write the blocks that are left."""
    for said in result.run.get("notes", ()):
        _log.warning("%s", said)
    remove_partial_files(result)
    estimates = {name: result.run["made_from"][name] for name in estimates_of(passes)}
    sources = Sources(image.stored, inside, estimates=estimates, path=image.path)
    _write_blocks(ResultWriter(result), model, passes, sources, client)


def is_prediction_finished(
    model: FittedModel,
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
    check_path(path, image, mask)
    array = model_image(model, image)
    check_outputs(model, probabilities)
    checked_mask(mask, array.shape[1:])
    if overwrite:
        check_writable(path, overwrite)
        return False
    grid = model.grid(array.shape[1:], block)
    started = started_result(path, made_from(model, image, mask, grid, probabilities))
    return started is not None and bool(started.run["finished"])


def check_outputs(model: FittedModel, probabilities: bool) -> None:
    """Raise a ParameterError if a model gives no probabilities and they are asked for."""
    if probabilities and not any("probabilities" in one.gives for one in model.passes()):
        raise ParameterError(f"a {model.title} writes no image of probabilities; leave --probabilities out")


def check_path(path: str | Path, image: Image, mask: MaskLike | None) -> None:
    """Raise an InputError if a result of an image, with its mask, may not be written to a path."""
    check_ending(path, "result")
    check_output(path, *(one.path for one in (image, mask) if isinstance(one, Image)))


def _write_blocks(
    writer: ResultWriter, model: FittedModel, passes: Sequence[Pass], sources: Sources, client: Client | None
) -> None:
    """Run what is left of each pass, and finish the result."""
    result = writer.result
    figures: dict[str, Any] = {"pixels": math.prod(result.grid.lattice.shape)}
    ledger: dict[str, dict[str, Any]] = {}
    for one in passes:
        ledger[one.name] = _run_pass(one, writer, sources, client)
        if one.figures:
            counts = zip(*result.finished(one.name).values(), strict=True)
            figures |= zip(one.figures, map(sum, counts), strict=True)
    ledger[LEVELS] = _run_steps(writer, client)
    remove_partial_files(result)  # of workers that died
    notes = model.notes(figures)
    for note in notes:
        _log.warning("%s", note)
    figures["seconds"] = {name: entry["seconds"] for name, entry in ledger.items()}
    writer.finish(figures, notes, ledger)


def _run_pass(one: Pass, writer: ResultWriter, sources: Sources, client: Client | None) -> dict[str, Any]:
    """Run a pass over the blocks that it has not finished, and say where the time went."""
    ledger, result, finished = PassLedger(), writer.result, writer.result.finished(one.name)
    told = BlockCount(one.name, len(result.grid), (result.grid[index] for index in finished))
    waiting = (block for block in result.grid.along_curve() if block.index not in finished)
    for task in run_blocks(write_pass, waiting, one, sources, writer, client=client, done=told):
        ledger.add(task)
    return ledger.plain()


def _run_steps(writer: ResultWriter, client: Client | None) -> dict[str, Any]:
    """Write the coarser levels, a step after the other: each begins with what the one before has written."""
    ledger, pyramid, finished = PassLedger(), writer.result.pyramid, writer.result.finished(LEVELS)
    found = (pyramid.tiles(step)[tuple(index)] for step, *index in finished)
    told = BlockCount(LEVELS, pyramid.number_of_tiles, found)
    for step in pyramid.steps:
        waiting = (tile for tile in pyramid.tiles(step).along_curve() if (step, *tile.index) not in finished)
        for task in run_blocks(write_levels, waiting, writer, step, client=client, done=told):
            ledger.add(task)
    return ledger.plain()


def write_levels(tile: Block, writer: ResultWriter, step: int) -> TaskLedger:
    """Write the coarser levels of a result inside a tile, and say where the time went."""
    with Stopwatch() as watch:
        writer.write_levels(tile, step)
    return watch.ledger
