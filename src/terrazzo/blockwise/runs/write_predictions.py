"""Label several stored images: those of one block whole, a task each, and of the others block by block."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from distributed import Client

from terrazzo.blockwise.cluster.run_blocks import run_each
from terrazzo.blockwise.runs.prepared import Prepared, check_before_blocks
from terrazzo.blockwise.runs.write_prediction import write_prepared
from terrazzo.models.device import choose_device
from terrazzo.models.fitted_model import FittedModel
from terrazzo.progress import Step, tell

_log = logging.getLogger(__name__)

IMAGES = "images"


def write_predictions(
    model: FittedModel, wanted: Sequence[Prepared], *, client: Client | None = None, device: str = "auto"
) -> None:
    """Write what is left of the results of several images, as `write_prediction` does of one.

    A block needs no other block in an image that has one alone: such images are handed out whole, so that workers have
    something to do while another begins or ends.

    Parameters
    ----------
    model : FittedModel
    wanted : sequence of Prepared
        Those that are finished are left alone.
    client : distributed.Client, optional
        Where the tasks run; without one, one image after the other is computed in this process.
    device : str

    Raises
    ------
    InputError, ModelError, ParameterError
        As `write_prediction`, of the first image at which something is wrong; those before it may be finished.
    """
    choose_device(device)
    left = [one for one in wanted if not one.finished]
    small = [one for one in left if len(one.grid) == 1]
    if client is None or len(small) == 1:
        small = []
    for one in left:
        check_before_blocks(model, one, client)
    _write_small(model, small, device, client)
    for one in left:
        if one not in small:
            write_prepared(model, one, device, client)


def _write_small(model: FittedModel, small: Sequence[Prepared], device: str, client: Client | None) -> None:
    if not small:
        return
    done = pixels = 0
    tell(Step(IMAGES, done, len(small)))
    for size, notes in run_each(_write_whole, small, model, device, client=client, called=_named):
        done, pixels = done + 1, pixels + size
        for note in notes:
            _log.warning("%s", note)
        tell(Step(IMAGES, done, len(small), pixels))


def _write_whole(one: Prepared, model: FittedModel, device: str) -> tuple[int, list[str]]:
    """Write the result of an image, in this thread alone; return its pixels and what there is to warn of."""
    run = write_prepared(model, one, device, None, _say_later).run
    return run["figures"]["pixels"], run["notes"]


def _say_later(*_: str) -> None:
    """Say nothing: what is said in a worker is heard by nobody, or twice."""


def _named(one: Prepared) -> str:
    return f"'{one.image.path}'"
