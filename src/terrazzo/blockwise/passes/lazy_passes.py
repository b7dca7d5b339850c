"""Passes over the blocks of a lazy image, as a Dask graph: one task for each block and pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import getitem
from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph

from terrazzo.blocks import Block, BlockGrid
from terrazzo.blockwise.inputs.block_inputs import block_inputs
from terrazzo.blockwise.inputs.estimates import lazy_estimate
from terrazzo.blockwise.inputs.masks import Mask, inside
from terrazzo.blockwise.inputs.windows import assemble
from terrazzo.models.passes.declared import IMAGE, Estimate, Near, Own, Pass, Pixels, Read, Seen
from terrazzo.models.passes.idle import all_empty, leaves_nothing
from terrazzo.regions.superpixels.block_labels import of_core
from terrazzo.regions.superpixels.label_rim import label_rim, surrounded

# Images of a block's core that are arrays, one chunk per block.
IMAGES = ("labels", "classes")

# What only runs that write to disk keep.
STORED_ONLY = ("probabilities", "node_probabilities", "node_embeddings")


class LazyGraph(Delayed):  # type: ignore[misc]
    """A lazy value whose graph is made of arrays.

    Dask optimises each kind of collection by itself: in `dask.compute(labels, graph)` it would fuse the tasks of the
    arrays, leave those of a plain Delayed as they are, and run both.
    """

    __slots__ = ()
    __dask_optimize__ = staticmethod(da.Array.__dask_optimize__)


@dataclass(frozen=True, eq=False)
class LazyPasses:
    """The tasks of passes over the blocks of a lazy image.

    Parameters
    ----------
    grid : BlockGrid
    names : dict of str to str
        For each thing that is given, what its tasks' keys begin with.
    arrays : dict of str to dask.array.Array
        The images among what is given.
    tasks : dict
        Those that are in no array's graph.
    sources : list
        The collections that they build on.
    """

    grid: BlockGrid
    names: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, da.Array] = field(default_factory=dict)
    tasks: dict[Any, Any] = field(default_factory=dict)
    sources: list[Any] = field(default_factory=list)

    def key(self, what: str, block: Block) -> tuple[Any, ...]:
        """Return the key of what is given of a block."""
        return (self.names[what], *block.index)

    def value(self, key: str, task: tuple[Any, ...]) -> LazyGraph:
        """Return the lazy value of a task that builds on what is given."""
        graph = HighLevelGraph.from_collections(key, self.tasks | {key: task}, dependencies=self.sources)
        return LazyGraph(key, graph)


def lazy_passes(
    passes: Iterable[Pass], image: da.Array, mask: Mask, grid: BlockGrid, annotation: da.Array | None = None
) -> LazyPasses:
    """Return what passes give of the blocks of an image; nothing is computed.

    A pass runs in its parts, if it has any. The keys of a part follow from what it reads and what decides it: who asks
    for the same shares its tasks.

    Parameters
    ----------
    passes : iterable of Pass
    image : dask.array.Array, shape (c, y, x) or (c, z, y, x)
        In any chunks.
    mask : dask.array.Array of bool, function, or None
    grid : BlockGrid
    annotation : dask.array.Array of uint8, shape (y, x) or (z, y, x), optional
    """
    made = LazyPasses(grid)
    for whole in passes:
        for one in whole.parts or (whole,):
            brought = [_brought(made, read, image, mask, annotation) for read in one.reads]
            made = _with_tasks(made, one, brought)
    return made


@dataclass(frozen=True, eq=False)
class _Brought:
    """How one of the things that a pass reads gets into its tasks.

    Parameters
    ----------
    token : str
        Differs where it differs.
    of_block : callable
        Gives the argument of the task of a block: a key, or keys in lists.
    tasks : dict
    sources : list
    """

    token: str
    of_block: Callable[[Block], Any]
    tasks: dict[Any, Any] = field(default_factory=dict)
    sources: list[Any] = field(default_factory=list)


def _brought(made: LazyPasses, read: Read, image: da.Array, mask: Mask, annotation: da.Array | None) -> _Brought:
    if isinstance(read, Pixels):
        if read.of == IMAGE:
            inputs = block_inputs(image, mask, made.grid, read.window)
        else:
            inputs = block_inputs(annotation, None, made.grid, read.window)
        windows = {block.index: [window, mask_window, box] for block, box, window, mask_window in inputs}
        return _Brought(inputs.token, lambda block: windows[block.index], inputs.tasks, inputs.sources)
    if isinstance(read, Estimate):
        lazy = lazy_estimate(read, image, mask)
        return _Brought(lazy.key, lambda _: lazy.key, sources=[lazy])
    if isinstance(read, Near):
        near = read
        return _Brought(
            made.names[near.what],
            lambda block: [made.key(near.what, other) for other in made.grid.neighbours(block, near.cells)],
        )
    if not read.margin:
        return _Brought(made.names[read.what], lambda block: made.key(read.what, block))
    return _with_rims(made, read)


def _with_rims(made: LazyPasses, read: Own) -> _Brought:
    """Bring a block's labels with those of the cells around it, which the blocks around it give away."""
    name = f"rim-{made.names[read.what]}"

    def of_block(block: Block) -> Any:
        others = (other for other in made.grid.neighbours(block, read.margin) if other != block)
        return [made.key(read.what, block), [(name, *other.index) for other in others]]

    rims = {(name, *block.index): (label_rim, made.key(read.what, block), block) for block in made.grid}
    return _Brought(name, of_block, rims)


def _with_tasks(made: LazyPasses, one: Pass, brought: list[_Brought]) -> LazyPasses:
    """Return the same with one task for each block."""
    token = tokenize(one.name, one.decides, made.grid, [what.token for what in brought])
    wanted = tuple(what for what in one.gives if what not in STORED_ONLY)
    name, shared = f"{one.name}-{token}", f"pass-{one.name}-{token}"
    tasks, sources = made.tasks | {shared: one}, list(made.sources)
    for what in brought:
        tasks |= what.tasks
        sources += what.sources
    for block in made.grid:
        arguments = [what.of_block(block) for what in brought]
        tasks[(name, *block.index)] = (_given, shared, block, wanted, arguments)
    if len(wanted) == 1:
        names = {wanted[0]: name}
    else:
        names = {what: f"{what}-of-{name}" for what in wanted}
        tasks |= {
            (names[what], *block.index): (getitem, (name, *block.index), what) for what in wanted for block in made.grid
        }
    images = [what for what in wanted if what in IMAGES]
    if not images:
        return LazyPasses(made.grid, made.names | names, made.arrays, tasks, sources)
    arrays = {}
    for image in images:
        graph = HighLevelGraph.from_collections(names[image], tasks, dependencies=sources)
        dtype = made.grid.lattice.dtype if image == "labels" else np.dtype(np.uint8)
        arrays[image] = da.Array(graph, names[image], made.grid.chunks(), dtype=dtype)
    return LazyPasses(made.grid, made.names | names, made.arrays | arrays, {}, [*arrays.values(), *sources])


def _given(one: Pass, block: Block, wanted: tuple[str, ...], arguments: list[Any]) -> Any:
    """Return what a pass gives of a block: the only thing that is wanted, or all of them by name."""
    values = [_value(read, argument, block) for read, argument in zip(one.reads, arguments, strict=True)]
    seen = ((read, value) for read, value in zip(one.reads, values, strict=True) if isinstance(read, Pixels))
    idle = any(leaves_nothing(read, block, value.mask) for read, value in seen) or all_empty(one, values)
    given = one.nothing(block) if idle else one.run(block, *values)
    found = {what: of_core(given[what], block) for what in wanted}
    return found[wanted[0]] if len(wanted) == 1 else found


def _value(read: Read, argument: Any, block: Block) -> Any:
    if isinstance(read, Pixels):
        window, mask, box = argument
        pixels = assemble(window)
        return Seen(box, pixels, inside(assemble(mask) if isinstance(mask, list) else mask, pixels))
    if isinstance(read, Own) and read.margin:
        ids, rims = argument
        return surrounded(ids, block, rims)
    return argument
