"""Which nodes are trained on, and which tell when to stop? Whole graphs, or tiles with a gap around them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.region_graph import RegionGraph

Rows = NDArray[np.int64]
Pair = tuple[Rows, Rows]
Counts = NDArray[np.generic]
Classes = NDArray[np.bool_] | np.bool_ | bool
Reach = Callable[[Rows], Rows]
REFUSED = "{} can be held out for validation without a class leaving training; annotate more places, farther apart"
LIES_CLOSE = (
    "what is annotated lies close together: %s are held out for validation, whose scores say little; annotate more "
    "places, farther apart"
)

Validation: TypeAlias = float | Sequence[int]
"""The share of the annotated pixels to hold out, about; or the numbers of the images to hold out, counted from 0."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows for training and for validation, one array of int64 per graph; a row may belong to neither."""

    training: tuple[Rows, ...]
    validation: tuple[Rows, ...]


def split_nodes(
    graphs: Sequence[RegionGraph],
    targets: Sequence[NodeTargets],
    *,
    validation: Validation = 0.2,
    tile: float | None = None,
    gap_hops: int = 2,
    seed: int = 0,
) -> Split:
    """Split by whole graphs where they are named or many enough, five for a fifth, otherwise each graph by tiles.

    A graph of which no tile can be held out without its training losing one of its classes goes wholly to
    training; if all are such, tiles of one are held out whose classes the others keep. A region is on one side
    only, no region is within `gap_hops` edges of the other side, and every annotated class stays in training.
    Filters look farther: pixels near a seam may be seen by features of both sides, their annotation never is.

    Parameters
    ----------
    graphs, targets : sequence of RegionGraph and of NodeTargets
        Graphs, and the annotation of each.
    validation : float or sequence of int
        Share of the annotated pixels to hold out, about: of all graphs, or of each graph split by tiles. Or the
        numbers of the graphs to hold out.
    tile : float, optional
        Side of a tile in pixels; by default `default_tile`.
    gap_hops : int
        Width of the gap around validation tiles, in edges.
    seed : int

    Returns
    -------
    Split

    Raises
    ------
    ParameterError
        If nothing can be held out without a class leaving training, or a parameter is out of range.
    """
    counts = [own.counts for own in targets]
    held_out = held_out_images(counts, validation, seed)
    rows = [np.arange(graph.number_of_nodes) for graph in graphs]
    pairs = [(own[:0], own) if i in held_out else (own, own[:0]) for i, own in enumerate(rows)]
    if not held_out.size and isinstance(validation, int | float):
        cut = partial(_hold_out_tiles, tile=tile, hops=gap_hops, share=validation, seed=seed)
        pairs = _by_tiles(graphs, counts, cut)
    if not any(own.size for _, own in pairs):
        raise ParameterError(REFUSED.format(f"nothing in {len(graphs)} image(s)"))
    return Split(*(tuple(side) for side in zip(*pairs, strict=True)))


def split_graphs(
    number: int, *, validation: float = 0.2, seed: int = 0, targets: Sequence[NodeTargets] | None = None
) -> tuple[Rows, Rows]:
    """Graphs for training and for validation.

    Parameters
    ----------
    number : int
        Number of graphs, at least 3.
    validation : float
        Share of the annotated pixels (without `targets`: of the graphs) to hold out, about.
    seed : int
    targets : sequence of NodeTargets, optional
        With it, every class stays in training, and is in validation too where a graph with it can be spared.

    Returns
    -------
    training, validation : ndarray of int64
        Numbers of graphs, ascending.

    Raises
    ------
    ParameterError
        If there are fewer than 3 graphs, or none can be held out.
    """
    if number < 3:
        raise ParameterError(f"{number} graphs are too few to hold one out; give at least 3, or split by tiles")
    counts = [np.ones((1, 1))] * number if targets is None else [own.counts for own in targets]
    training, held_out = hold_out_graphs(counts, validation, seed)
    if not held_out.size:
        raise ParameterError(REFUSED.format(f"none of {number} images") + ", in more images")
    return training, held_out


def split_tiles(
    graph: RegionGraph,
    *,
    tile: float,
    validation: float = 0.2,
    gap_hops: int = 2,
    seed: int = 0,
    targets: NodeTargets | None = None,
) -> tuple[Rows, Rows]:
    """Rows of one graph for training and for validation, by square tiles of the image.

    Validation nodes are those of some tiles; the other nodes within `gap_hops` edges of them belong to neither
    side. What that guarantees, and what not, stands in `split_nodes`.

    Parameters
    ----------
    graph : RegionGraph
    tile : float
        Side of a tile in pixels.
    validation : float
        Share of the annotated pixels (without `targets`: of the nodes) to hold out, about.
    gap_hops : int
        At least 1.
    seed : int
    targets : NodeTargets, optional
        With it, every class stays in training, and is in validation too where a tile with it can be spared.

    Returns
    -------
    training, validation : ndarray of int64
        Rows, ascending.

    Raises
    ------
    ParameterError
        If no tile can be held out without a class leaving training, or a parameter is out of range.
    """
    counts = np.ones((graph.number_of_nodes, 1)) if targets is None else targets.counts
    training, held_out = _hold_out_tiles(graph, counts, tile, gap_hops, validation, seed)
    if not held_out.size:
        raise ParameterError(REFUSED.format(f"no tile of {tile:g} pixels with a gap of {gap_hops} edges"))
    return training, held_out


def default_tile(graph: RegionGraph) -> float:
    """An eighth of the image's longer side in pixels, but at least eight regions across."""
    if graph.number_of_nodes == 0:
        return 1.0
    region = graph.areas.mean() ** (1 / graph.positions.shape[1])
    return float(max(np.ptp(graph.positions, axis=0).max() / 8, 8 * region))


def _by_tiles(graphs: Sequence[RegionGraph], counts: Sequence[Counts], cut: Callable[..., Pair]) -> list[Pair]:
    """Rows of each graph, all cut on their own; if none can be, one cut that spares what the others hold."""
    pairs = [cut(graph, own) for graph, own in zip(graphs, counts, strict=True)]
    for i, graph in enumerate(graphs):
        if any(held_out.size for _, held_out in pairs):
            break
        others = [own.any(axis=0) for own in (*counts[:i], *counts[i + 1 :])]
        pairs[i] = cut(graph, counts[i], spare=np.any(others, axis=0))
    return pairs


def held_out_images(counts: Sequence[Counts], validation: Validation, seed: int, *, few: bool = False) -> Rows:
    """Return the numbers of the images that are held out whole: those named, or some where they are many enough.

    They are where one is no more than the share, five for a fifth: what one of fewer shows, the others may not. Where
    few places are annotated, three are enough: what is held out near other strokes says too little.

    Raises
    ------
    ParameterError
        If there is no image of a number that is named, or none is left for training.
    """
    if isinstance(validation, int | float):
        many = len(counts) >= 3 and (few or len(counts) * validation > 1 - 1e-9)
        return hold_out_graphs(counts, validation, seed)[1] if many else np.arange(0)
    named = np.unique(np.asarray(validation, np.int64))
    if not 0 < named.size < len(counts) or named[0] < 0 or named[-1] >= len(counts):
        raise ParameterError(
            f"validation names the images {named.tolist()} of {len(counts)}; name at least one from 0 to "
            f"{len(counts) - 1}, and leave one for training"
        )
    return named


def hold_out_graphs(counts: Sequence[Counts], share: float, seed: int) -> Pair:
    """Return the numbers of graphs for training and, if any can be spared, for validation."""
    pixels = np.stack([own.sum(axis=0, dtype=float) for own in counts])
    return hold_out(np.arange(len(pixels)), pixels, lambda graphs: graphs, share, seed)


def _hold_out_tiles(
    graph: RegionGraph, counts: Counts, tile: float | None, hops: int, share: float, seed: int, spare: Classes = False
) -> Pair:
    """Rows of a graph for training and, if any tile can be spared, for validation."""
    tile = default_tile(graph) if tile is None else tile
    if tile <= 0 or hops < 1:
        raise ParameterError(f"tile is {tile} and gap_hops {hops}; they must be above 0 and at least 1")
    tile_of_row = np.unique(np.floor(graph.positions / tile), axis=0, return_inverse=True)[1].ravel()
    return hold_out(tile_of_row, counts, partial(graph.ring, hops=hops), share, seed, spare)


def hold_out(unit_of_row: Rows, counts: Counts, reach: Reach, share: float, seed: int, spare: Classes = False) -> Pair:
    """Return rows for training and those of the units held out.

    The rarest class comes first, and no unit is held out that takes a class from training, unless it is `spare`.

    Parameters
    ----------
    unit_of_row : ndarray of int64, shape (N,)
        Which unit each row belongs to: units are held out whole.
    counts : ndarray, shape (N, C)
        Annotated pixels of each class.
    reach : callable
        Given the rows of a unit, the rows that training loses with it.
    share : float
        How much of the annotated pixels to hold out, about.
    seed : int
    spare : bool, or ndarray of bool, shape (C,)
        Classes that training may lose.
    """
    pixels = np.zeros((unit_of_row.max(initial=-1) + 1, counts.shape[1]))
    np.add.at(pixels, unit_of_row, counts)
    spare = spare | ~pixels.any(axis=0)
    order = np.random.default_rng(seed).permutation(len(pixels))
    training, untried = np.ones(len(counts), dtype=bool), np.ones(len(pixels), dtype=bool)
    chosen = np.zeros(len(pixels), dtype=bool)
    for held, enough in _goals(pixels, share):
        for unit in order[(held[order] > 0) & untried[order]]:
            if held[chosen].sum() >= enough:
                break
            untried[unit] = False  # what cannot be spared now cannot be later
            left = training.copy()
            left[reach(np.flatnonzero(unit_of_row == unit))] = False
            if (counts[left].any(axis=0) | spare).all():
                training, chosen[unit] = left, True
    return np.flatnonzero(training), np.flatnonzero(chosen[unit_of_row])


def _goals(pixels: NDArray[np.float64], share: float) -> list[tuple[NDArray[np.float64], float]]:
    """Pixels per unit and how many to hold out: some of each class, the rarest first, then the share."""
    if not 0 < share < 1:
        raise ParameterError(f"validation is {share}; it must be a share above 0 and below 1")
    rarest_first = np.argsort(np.count_nonzero(pixels, axis=0), kind="stable")
    enough = share * pixels.sum() * (1 - 1e-9)  # a tenth of thirty is three, whatever rounding says
    return [(pixels[:, column], 1.0) for column in rarest_first] + [(pixels.sum(axis=1), enough)]
