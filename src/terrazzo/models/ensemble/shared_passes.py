"""The passes of an ensemble: what members do before they say a class, once where it is the same; then all classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any

import numpy as np

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.errors import ModelError
from terrazzo.memory import WORKER, WORKER_WITH_TORCH, Reading, with_slack
from terrazzo.models.ensemble.agreement import BYTES_PER_CLASS, Agreement
from terrazzo.models.ensemble.placed_pass import Cell, Place, block_on
from terrazzo.models.fitted_model import FittedModel
from terrazzo.models.passes.declared import IMAGE, Estimate, Given, Holds, Pass, Pixels, Read, Seen, Windows, core
from terrazzo.models.passes.idle import all_empty, leaves_nothing

PROBE = 2**16


def cell_of(model: FittedModel) -> Cell:
    """Return the cells that a model's blocks are whole ones of."""
    return model.grid((PROBE,) * model.axes).lattice.size


@dataclass(frozen=True, eq=False)
class Placed:
    """One member with its place in the ensemble.

    Parameters
    ----------
    model : FittedModel
    passes : tuple of Pass
        Its own.
    place : Place
        Where its earlier passes run: members in the same place share them.
    first : bool
        Whether it is the first in that place, or alone.
    """

    model: FittedModel
    passes: tuple[Pass, ...]
    place: Place
    first: bool


def placed(members: Sequence[FittedModel], device: str) -> list[Placed]:
    """Return the members, each in its place.

    Those whose passes before the last have the same names and the same that decides them share a place. The first
    member that has such passes gives the ensemble's blocks their lattice; without any it is the first member.
    """
    passes = [member.passes(device) for member in members]
    base = cell_of(members[next((i for i, one in enumerate(passes) if len(one) > 1), 0)])
    work: list[tuple[Any, ...]] = []
    found = []
    for member, ours in zip(members, passes, strict=True):
        cell, earlier = cell_of(member), tuple((one.name, one.decides) for one in ours[:-1])
        first = bool(earlier) and (cell, earlier) not in work
        if first:
            work.append((cell, earlier))
        number = work.index((cell, earlier)) if earlier else 0
        found.append(Placed(member, ours, Place(cell, base, f"-{number + 1}" if number else ""), first))
    return found


@dataclass(frozen=True, eq=False)
class _Sayer:
    """A member that says a class.

    Parameters
    ----------
    last : Pass
        Its own last pass.
    cell : tuple of int
        Of its lattice.
    places : tuple of int
        Where what it reads is, among what all read.
    """

    last: Pass
    cell: Cell
    places: tuple[int, ...]


def shared_passes(members: Sequence[Placed], *, vote: bool, classes: int, decides: object) -> tuple[Pass, ...]:
    """Return the passes of an ensemble.

    Parameters
    ----------
    members : sequence of Placed
    vote : bool
        Whether each member counts for its class alone.
    classes : int
    decides : object
        What decides the answer.
    """
    lasts = [one.passes[-1] for one in members]
    for one, last in zip(members, lasts, strict=True):
        if not vote and "probabilities" not in last.gives:
            raise ModelError(
                f"a {one.model.title} gives no probabilities, of which an ensemble takes the mean; let the models vote"
            )
    earlier = [one.place.earlier(its) for one in members if one.first for its in one.passes[:-1]]
    reads: list[Read] = []
    windows = _windows(members)
    if windows:
        reads.append(Pixels(partial(_hull, windows=windows)))
    sayers = tuple(_sayer(number, one, reads) for number, one in enumerate(members))
    alike = len({one.place for one in members}) == 1 and all("node_probabilities" in last.gives for last in lasts)
    figures = tuple(figure_name(name, number) for number, last in enumerate(lasts) for name in last.figures)
    together = Pass(
        name="classes",
        reads=tuple(reads),
        gives=("classes", "probabilities", *(["node_probabilities"] if alike else [])),
        run=partial(_together, sayers=sayers, vote=vote, classes=classes, nodes=alike),
        nothing=partial(_nothing, sayers=sayers, nodes=alike),
        decides=decides,
        holds=_holds(members, windows, vote, classes),
        figures=figures,
    )
    return *earlier, together


def figure_name(name: str, number: int) -> str:
    """Return what a figure of the last pass of a member is called, whose number begins with 0."""
    return f"{name}-{number + 1}" if number else name


def _windows(members: Sequence[Placed]) -> tuple[Windows, ...]:
    reads = [(one.place, read) for one in members for read in one.passes[-1].reads]
    return tuple(place.windows(read.window) for place, read in reads if isinstance(read, Pixels) and _is_shared(read))


def _is_shared(read: Read) -> bool:
    """Whether a read is a window of the image, of which all members see one that holds theirs."""
    return isinstance(read, Pixels) and read.of == IMAGE and read.asked is core


def _hull(block: Block, *, windows: Sequence[Windows]) -> Box:
    return reduce(Box.hull, (window(block) for window in windows))


def _sayer(number: int, one: Placed, reads: list[Read]) -> _Sayer:
    """Return a member that says a class, and add what it reads to what all read."""
    places = []
    for read in one.passes[-1].reads:
        if _is_shared(read):
            places.append(0)
            continue
        moved = one.place.read(read)
        if isinstance(moved, Estimate):
            moved = replace(moved, name=figure_name(f"{moved.name}-of-classes", number))
        if moved not in reads:
            reads.append(moved)
        places.append(reads.index(moved))
    return _Sayer(one.passes[-1], one.place.cell, tuple(places))


def _together(block: Block, *values: Any, sayers: Sequence[_Sayer], vote: bool, classes: int, nodes: bool) -> Given:
    agreed = Agreement(block.core.shape, classes, vote=vote)
    regions: list[tuple[Any, Any]] = []
    figures: list[int] = []
    for one in sayers:
        given = _said(one, block, values)
        agreed.add(given["classes"], given.get("probabilities", ()))
        figures += given.get("figures", ())
        if nodes:
            regions.append(given["node_probabilities"])
    found = {"classes": agreed.classes, "probabilities": agreed.planes(), "figures": tuple(figures)}
    return found | ({"node_probabilities": _of_nodes(regions, vote)} if nodes else {})


def _said(one: _Sayer, block: Block, values: Sequence[Any]) -> Given:
    """Return what a member says of a block, from what all members read."""
    there = block_on(block, one.cell)
    read = [
        _cut(values[place], wanted.window(there)) if isinstance(wanted, Pixels) else values[place]
        for wanted, place in zip(one.last.reads, one.places, strict=True)
    ]
    seen = ((wanted, value) for wanted, value in zip(one.last.reads, read, strict=True) if isinstance(wanted, Pixels))
    if all_empty(one.last, read) or any(leaves_nothing(wanted, there, value.mask) for wanted, value in seen):
        return one.last.nothing(there)
    return one.last.run(there, *read)


def _cut(seen: Seen, box: Box) -> Seen:
    """Return a window cut out of a larger one."""
    if box == seen.box:
        return seen
    inside = box.within(seen.box)
    pixels = np.ascontiguousarray(seen.pixels[(slice(None), *inside)])
    return Seen(box, pixels, None if seen.mask is None else np.ascontiguousarray(seen.mask[inside]))


def _of_nodes(regions: Sequence[tuple[Any, Any]], vote: bool) -> tuple[Any, Any]:
    """Return the superpixels of a block with the mean of their probabilities, or their shares of the votes."""
    owned, first = regions[0]
    classes = np.arange(first.shape[1])
    said = [(one.argmax(axis=1)[:, None] == classes).astype(np.float32) if vote else one for _, one in regions]
    total = reduce(np.add, said) / np.float32(len(said))
    return owned, total


def _nothing(block: Block, *, sayers: Sequence[_Sayer], nodes: bool) -> Given:
    given = [one.last.nothing(block_on(block, one.cell)) for one in sayers]
    figures = tuple(figure for one in given for figure in one.get("figures", ()))
    found = {"classes": given[0]["classes"], "figures": figures}
    return found | ({"node_probabilities": given[0]["node_probabilities"]} if nodes else {})


def _holds(members: Sequence[Placed], windows: Sequence[Windows], vote: bool, classes: int) -> Holds | None:
    """Return what the last pass holds: one member at a time works, beside what all have read and said."""
    holds = [one.passes[-1].holds for one in members]
    known = [one for one in holds if one is not None]
    if len(known) < len(holds):
        return None
    tasks = [one.place.task(its.task) for one, its in zip(members, known, strict=True)]
    loaded = [(WORKER_WITH_TORCH if one.process >= WORKER_WITH_TORCH else WORKER) for one in known]
    own = sum(max(0, one.process - base) for one, base in zip(known, loaded, strict=True))
    channels = members[0].model.channels
    return Holds(
        partial(_bytes, tasks=tasks, windows=windows, vote=vote, classes=classes, channels=channels),
        max(loaded) + own,
    )


def _bytes(
    block: Block,
    grid: BlockGrid,
    reading: Reading,
    *,
    tasks: Sequence[Any],
    windows: Sequence[Windows],
    vote: bool,
    classes: int,
    channels: int,
) -> int:
    asked = replace(reading, probabilities=reading.probabilities or not vote)
    pixels = math.prod(_hull(block, windows=windows).shape) if windows else 0
    kept = pixels * (channels * reading.itemsize + reading.masked)
    agreed = (BYTES_PER_CLASS * classes + 3) * math.prod(block.core.shape)
    most: int = max(task(block, grid, asked) for task in tasks)
    return most + with_slack({"kept": kept + agreed})
