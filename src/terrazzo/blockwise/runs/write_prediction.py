"""Label a stored image on disk, one task per block and pass."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from distributed import Client

from terrazzo.blocks import Block
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.cluster.run_blocks import BlockCount, run_blocks
from terrazzo.blockwise.inputs.estimates import INTENSITIES, estimated, estimated_here, estimates_of
from terrazzo.blockwise.inputs.masks import Mask, MaskLike
from terrazzo.blockwise.inputs.model_image import channel_note, intensity_note, model_image
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import write_pass
from terrazzo.blockwise.runs.made_from import has_given_up, started_result
from terrazzo.blockwise.runs.prepared import Prepared, check_before_blocks, prepared
from terrazzo.blockwise.runs.run_ledger import PassLedger
from terrazzo.io.images.image import Image
from terrazzo.io.results.leftovers import remove_partial_files
from terrazzo.io.results.new_result import create_result_of
from terrazzo.io.results.result import LEVELS, Result
from terrazzo.io.results.result_writer import ResultWriter
from terrazzo.ledger import Stopwatch, TaskLedger
from terrazzo.models.device import choose_device
from terrazzo.models.fitted_model import FittedModel
from terrazzo.models.passes.declared import Pass
from terrazzo.progress import shows_progress

_log = logging.getLogger(__name__)

Say: TypeAlias = Callable[[str, str], None]
"""Takes a format and what it formats, as the methods of a log do."""


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
    not computed again. If the result is finished, it is returned as it is. What a run leaves that ended in an error
    before its first block was finished is replaced.

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
    choose_device(device)
    client = active_client(client)
    one = prepared(model, image, path, mask=mask, block=block, probabilities=probabilities, overwrite=overwrite)
    check_before_blocks(model, one, client)
    return write_prepared(model, one, device, client)


def write_prepared(
    model: FittedModel, one: Prepared, device: str, client: Client | None, say: Say = _log.warning
) -> Result:
    """Write a result whose arguments are checked, or what is left of it; `say` hears what there is to warn of."""
    passes = model.passes(device)
    result = None if one.overwrite else started_result(one.path, one.made_from)
    if result is None:
        found, notes = looked_at(model, passes, one.image, one.inside, client, probabilities=one.probabilities)
        result = create_result_of(
            model,
            passes,
            one.path,
            one.grid,
            image=one.image,
            made_from=one.made_from | found,
            probabilities=one.probabilities,
            overwrite=one.overwrite or has_given_up(one.path),
            notes=notes,
        )
    if not result.run["finished"]:
        go_on(result, model, passes, one.image, one.inside, client, say)
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
    wanted = estimates_of(passes) | compared
    if client is None:
        found = estimated_here(wanted, image.stored, inside)
    else:
        found = estimated(wanted, model_image(model, image), inside, client)
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
    say: Say = _log.warning,
) -> None:
    """Say what there is to say of the image, and write the blocks that are left."""
    for said in result.run.get("notes", ()):
        say("%s", said)
    remove_partial_files(result)
    estimates = {name: result.run["made_from"][name] for name in estimates_of(passes)}
    sources = Sources(image.stored, inside, estimates=estimates, path=image.path)
    writer = ResultWriter(result)
    with writer.going_on():
        found = _write_blocks(writer, model, passes, sources, client)
    for note in found:
        say("%s", note)


def _write_blocks(
    writer: ResultWriter, model: FittedModel, passes: Sequence[Pass], sources: Sources, client: Client | None
) -> list[str]:
    """Run what is left of each pass, finish the result, and return what there is to warn of now."""
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
    figures["seconds"] = {name: entry["seconds"] for name, entry in ledger.items()}
    writer.finish(figures, notes, ledger)
    return notes


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
