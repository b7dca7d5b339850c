"""What is computed while somebody looks on: a fit, the classes of what is seen, the rest, and where to draw next."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.io.results.result import Result
from terrazzo.models.device import torch_threads
from terrazzo.napari.session import Session
from terrazzo.progress import Step, on_progress
from terrazzo.project.fit_graphs import training_of
from terrazzo.project.judged_cells import CellClasses, cell_classes
from terrazzo.project.places import Place
from terrazzo.project.project_file import ProjectModel
from terrazzo.project.stored_graph import StoredGraph
from terrazzo.project.suggest import suggest
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

FIRST_STEPS, NEXT_STEPS, LIVE_STEPS = 200, 100, 20
"""Steps of a first fit, of one that goes on from it, and of one after each stroke."""

MOST_PIXELS = 6_000_000
"""Pixels of what is seen whose classes are computed pixel by pixel: of more, superpixels are as fine as the screen."""

FEW_PIXELS = 2_000_000
"""Pixels of what is seen whose classes come within a second, and so before those of its superpixels."""

MOST_CELLS = 40_000
"""Superpixels that are classified at once, before all others, where no more are seen."""

PLACES = 24

SECONDS_BETWEEN_STEPS = 0.1
"""A window that shows every step has less time for what is looked at."""


class StoppedError(Exception):
    """What was asked for is not wanted any more."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model was fitted and kept.

    Parameters
    ----------
    model : ProjectModel
        With its scores.
    """

    model: ProjectModel


@dataclass(frozen=True, eq=False)
class SeenClasses:
    """Classes of the pixels of a box of the image, 255 where there is none."""

    box: Box
    classes: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Written:
    """A result of the newest model was written."""

    result: Result


@dataclass(frozen=True)
class Notice:
    """What somebody should know, such as that of a class little is drawn, in a sentence."""

    sentence: str


@dataclass(frozen=True, eq=False)
class Suggestion:
    """A place to draw at, and how many pixels of it were drawn on when it was suggested."""

    place: Place
    drawn: int


Told = Step | Notice | Fitted | CellClasses | SeenClasses | Written
Tells = Callable[[Any], None]


@contextmanager
def heard(tells: Tells, stop: Event) -> Iterator[None]:
    """Tell steps of the work inside the context, ten a second at most, and what it warns of as a `Notice`.

    The first of a name and the last are always told. Once `stop` is set the next step raises `StoppedError`.
    """
    name, told = "", 0.0

    def listen(step: Step) -> None:
        nonlocal name, told
        if stop.is_set():
            raise StoppedError
        now = time.monotonic()
        if step.name != name or step.done >= step.total or now - told >= SECONDS_BETWEEN_STEPS:
            name, told = step.name, now
            tells(step)

    handler, logger = _Handler(tells), logging.getLogger("terrazzo")
    logger.addHandler(handler)
    try:
        with on_progress(listen):
            yield
    finally:
        logger.removeHandler(handler)


def fit_and_show(
    session: Session,
    seen: Callable[[], Box | None],
    tells: Tells,
    *,
    live: bool = False,
    anew: bool = False,
    whole: bool = True,
) -> None:
    """Fit on what is drawn; tell the classes of what is seen first, then those of all superpixels, then of all pixels.

    What is finished when a listener ends it stays: graphs, tables, and the model once it is fitted.

    Parameters
    ----------
    session : Session
    seen : callable
        Returns what is seen of the image at the time, or None.
    tells : callable
        Is told each `Fitted`, `CellClasses`, `SeenClasses` and `Written`, in this thread.
    live : bool
        Whether a few steps do, since more follow with the next stroke.
    anew : bool
        Whether to begin at random weights, with all steps of such a fit.
    whole : bool
        Whether the result is written.

    Raises
    ------
    TerrazzoError
        As `Project.fit` and `Project.predict` raise.
    """
    project = session.project
    first = not project.models
    steps = FIRST_STEPS if first else LIVE_STEPS if live else NEXT_STEPS
    training = training_of(first or anew, steps=None if anew else steps)
    # a core is left to the window: else each waits for the other
    with torch_threads(max(1, torch.get_num_threads() - 1)):
        project.fit(training=training, anew=anew)
        tells(Fitted(project.models[-1]))
        show_classes(session, seen, tells)
    if whole:
        write_result(session, tells)


def show_classes(session: Session, seen: Callable[[], Box | None], tells: Tells) -> None:
    """Tell the classes of the newest model: of what is seen, superpixels and pixels, then all other superpixels."""
    model, graph = session.project.fitted(), StoredGraph(session.project.graph(session.name))
    box = seen()
    near, rest = _nearest_first(graph, box)
    at_once = box is not None and math.prod(box.shape) <= FEW_PIXELS
    if at_once:
        show_pixels(session, box, tells)
    for cells in cell_classes(model, graph, near):
        tells(cells)
    if not at_once:
        show_pixels(session, box, tells)
    for cells in cell_classes(model, graph, rest):
        tells(cells)


def show_seen(session: Session, box: Box, tells: Tells, *, pixels: bool, cells: bool) -> None:
    """Tell the classes of the newest model of what is seen alone: of its pixels, of its superpixels or of both."""
    if pixels:
        show_pixels(session, box, tells)
    if cells:
        graph = StoredGraph(session.project.graph(session.name))
        for found in cell_classes(session.project.fitted(), graph, _nearest_first(graph, box)[0]):
            tells(found)


def show_pixels(session: Session, box: Box | None, tells: Tells) -> None:
    """Tell the classes of the pixels that are seen, unless they are too many to be seen one by one."""
    if box is not None and math.prod(box.shape) <= MOST_PIXELS:
        tells(SeenClasses(box, session.project.window(session.name, box.slices)))


def write_result(session: Session, tells: Tells) -> Result:
    """Write the classes of the image that the newest model gives, or go on with it, and tell it."""
    (result,) = session.project.predict([session.name])
    tells(Written(result))
    return result


def next_places(session: Session) -> list[Suggestion]:
    """Return where drawing would help most on the image, the largest gain first."""
    found = suggest(session.project, PLACES, images=[session.name])
    return [Suggestion(place, _drawn_pixels(session, place)) for place in found]


def is_open(session: Session, suggestion: Suggestion) -> bool:
    """Whether nothing has been drawn in a place since it was suggested."""
    return _drawn_pixels(session, suggestion.place) == suggestion.drawn


class _Handler(logging.Handler):
    """Tells warnings, in the thread in which they are raised."""

    def __init__(self, tells: Tells) -> None:
        super().__init__(logging.WARNING)
        self._tells = tells

    def emit(self, record: logging.LogRecord) -> None:
        """Tell a warning."""
        self._tells(Notice(record.getMessage()))


def _drawn_pixels(session: Session, place: Place) -> int:
    return int((session.canvas.read(Box(place.start, place.stop)) != NOT_ANNOTATED).sum())


def _nearest_first(graph: StoredGraph, box: Box | None) -> tuple[list[Block], list[Block]]:
    """Return what is classified first, one block of what is seen unless that is much, and the blocks of the rest."""
    blocks, lattice = list(graph.grid.along_curve()), graph.grid.lattice
    if box is None:
        return [], blocks
    start = tuple(a // size for a, size in zip(box.start, lattice.size, strict=True))
    cells = Box(start, tuple(-(-b // size) for b, size in zip(box.stop, lattice.size, strict=True)))
    if math.prod(cells.shape) <= MOST_CELLS:
        inside = {block.index for block in blocks if cells.hull(block.cells) == cells}
        return [Block((0,) * len(start), cells, lattice)], [one for one in blocks if one.index not in inside]
    near = [block for block in blocks if block.core.overlap(box) is not None]
    taken = {block.index for block in near}
    return near, [block for block in blocks if block.index not in taken]
