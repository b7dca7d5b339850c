"""Which nodes are trained on, and which tell when to stop? Whole graphs, or tiles with a gap around them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.regions.node_targets import NodeTargets
from terrazzo.regions.region_graph import RegionGraph

Rows = NDArray[np.int64]

_ATTEMPTS = 20


@dataclass(frozen=True, eq=False)
class Split:
    """Rows for training and for validation, one array of int64 per graph; a row may belong to neither."""

    training: tuple[Rows, ...]
    validation: tuple[Rows, ...]


def split_nodes(
    graphs: Sequence[RegionGraph],
    targets: Sequence[NodeTargets],
    *,
    validation: float = 0.2,
    tile: float | None = None,
    gap_hops: int = 2,
    seed: int = 0,
) -> Split:
    """Split by whole graphs where there are at least three, otherwise each graph by tiles.

    Parameters
    ----------
    graphs : sequence of RegionGraph
    targets : sequence of NodeTargets
        The annotation of each graph.
    validation : float
        Share of the annotated pixels to hold out, about.
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
        If nothing can be held out, or a class that is annotated is left without training nodes.
    """
    everything = [np.arange(graph.number_of_nodes) for graph in graphs]
    nothing = np.zeros(0, dtype=np.int64)
    if len(graphs) >= 3:
        held_out = split_graphs(len(graphs), validation=validation, seed=seed, targets=targets)[1]
        pairs = [(nothing, rows) if i in held_out else (rows, nothing) for i, rows in enumerate(everything)]
        return Split(*(tuple(rows) for rows in zip(*pairs, strict=True)))
    pairs = [(rows, nothing) for rows in everything]
    for number, (graph, own) in enumerate(zip(graphs, targets, strict=True)):
        if own.counts.any():
            side = default_tile(graph) if tile is None else tile
            pairs[number] = split_tiles(
                graph, tile=side, validation=validation, gap_hops=gap_hops, seed=seed, targets=own
            )
    return Split(*(tuple(rows) for rows in zip(*pairs, strict=True)))


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
        With it, every class stays in training and is in validation too where two graphs hold it.

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
    pixels = np.ones((number, 1)) if targets is None else np.stack([t.counts.sum(0, dtype=float) for t in targets])
    held_out = _held_out(pixels, validation, np.random.default_rng(seed))
    if not held_out.any():
        raise ParameterError(
            f"none of {number} images can be held out for validation without taking a class out of training; "
            "annotate every class in at least two images"
        )
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


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

    Validation nodes are those of some tiles; nodes within `gap_hops` edges of them belong to neither side, so
    that the two share no region and no neighbour.

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
        With it, every class stays in training and is in validation too where two tiles hold it.

    Returns
    -------
    training, validation : ndarray of int64
        Rows, ascending.

    Raises
    ------
    ParameterError
        If one side would be empty, or a class that is annotated would be left without training nodes.
    """
    if tile <= 0 or gap_hops < 1:
        raise ParameterError(f"tile is {tile} and gap_hops {gap_hops}; they must be above 0 and at least 1")
    counts = np.ones((graph.number_of_nodes, 1)) if targets is None else targets.counts
    tile_of_row = np.unique(np.floor(graph.positions / tile), axis=0, return_inverse=True)[1].ravel()
    pixels = np.zeros((tile_of_row.max(initial=-1) + 1, counts.shape[1]))
    np.add.at(pixels, tile_of_row, counts)
    rng = np.random.default_rng(seed)
    for _ in range(_ATTEMPTS):
        rows = np.flatnonzero(_held_out(pixels, validation, rng)[tile_of_row])
        training = np.setdiff1d(np.arange(graph.number_of_nodes), graph.ring(rows, gap_hops))
        lost = np.flatnonzero(counts.any(axis=0) & ~counts[training].any(axis=0))
        if rows.size and not lost.size:
            return training, rows
    what = f"annotated pixel of class {lost[0]}" if lost.size and targets is not None else "annotated node"
    raise ParameterError(
        f"no {what} is left for training beside validation tiles of {tile:g} pixels and the gap of "
        f"{gap_hops} edges around them; use smaller tiles, annotate more, or give at least three images"
    )


def default_tile(graph: RegionGraph) -> float:
    """An eighth of the image's longer side in pixels, but at least eight regions across."""
    if graph.number_of_nodes == 0:
        return 1.0
    region: float = graph.areas.mean() ** (1 / graph.positions.shape[1])
    extent = float(np.ptp(graph.positions, axis=0).max())
    return max(extent / 8, 8 * region)


def _held_out(pixels: NDArray[np.float64], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which units to validate on, by their pixels per class (U, C): at random, the rarest class first."""
    if not 0 < share < 1:
        raise ParameterError(f"validation is {share}; it must be a share above 0 and below 1")
    order = rng.permutation(len(pixels))
    chosen = np.zeros(len(pixels), dtype=bool)
    for column in np.argsort(np.count_nonzero(pixels, axis=0), kind="stable"):
        if not pixels[chosen, column].any():
            _choose_first(chosen, order[pixels[order, column] > 0], pixels)
    enough = share * pixels.sum() * (1 - 1e-9)  # a tenth of thirty is three, whatever rounding says
    while pixels[chosen].sum() < enough:
        if not _choose_first(chosen, order[pixels[order].any(axis=1)], pixels):
            break
    return chosen


def _choose_first(chosen: NDArray[np.bool_], candidates: Rows, pixels: NDArray[np.float64]) -> bool:
    """Choose the first candidate without which every class is still in training."""
    present = pixels.sum(axis=0) > 0
    for unit in candidates[~chosen[candidates]]:
        chosen[unit] = True
        if (pixels[~chosen].sum(axis=0)[present] > 0).all():
            return True
        chosen[unit] = False
    return False
