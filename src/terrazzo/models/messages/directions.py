"""From which direction does a neighbour speak? Relations of a graph, from cells of a lattice or from centroids."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class DirectedGraph:
    """Regions and coarser levels as lists, with their directed edges by direction.

    Parameters
    ----------
    axes : int
        2 or 3.
    nodes : tuple of int
        How many there are on each level.
    edges : tuple of ndarray of int64, shape (3, E)
        On each level the source, the destination and the number in `directions` of each edge: the source lies there.
    parents : tuple of ndarray of int64
        For each node of a level that of the next level.
    """

    axes: int
    nodes: tuple[int, ...]
    edges: tuple[NDArray[np.int64], ...]
    parents: tuple[NDArray[np.int64], ...]


def directions(axes: int) -> list[tuple[int, ...]]:
    """Return the directions to the 8 cells around a cell, in a volume 26."""
    return [step for step in itertools.product((-1, 0, 1), repeat=axes) if any(step)]


def graph_of_cells(cells: NDArray[np.int64], levels: int, pooling: tuple[int, ...] | None = None) -> DirectedGraph:
    """Return the graph of superpixels of a lattice: neighbours are those of neighbouring cells.

    Parameters
    ----------
    cells : ndarray of int64, shape (N, 2) or (N, 3)
        In the whole lattice.
    levels : int
    pooling : tuple of int, optional
        Cells along each axis that make one of the next level; by default 2.
    """
    return _with_levels(_edges_of_cells(cells), cells, levels, pooling)


def graph_of_regions(
    edge_index: NDArray[np.int64],
    positions: NDArray[np.floating[Any]],
    unit: tuple[int, ...],
    levels: int,
    pooling: tuple[int, ...] | None = None,
) -> DirectedGraph:
    """Return the graph of regions that stand on no lattice: a neighbour's direction is the sector of its centroid.

    Coarser levels are those of a lattice: a region is in the cell that its centroid is in.

    Parameters
    ----------
    edge_index : ndarray of int64, shape (2, E)
        Undirected edges, each once.
    positions : ndarray of float64, shape (N, 2) or (N, 3)
        Centroids in pixels.
    unit : tuple of int
        The sides of a cell in pixels. Directions are told in cells: sections that are far apart are not farther than
        neighbours in a section.
    levels : int
    pooling : tuple of int, optional
        Cells along each axis that make one of the next level; by default 2.
    """
    places = positions / np.array(unit)
    both = np.concatenate([edge_index, edge_index[::-1]], axis=1)
    edges = np.concatenate([both, sectors(places[both[0]] - places[both[1]])[None]])
    return _with_levels(edges, np.floor(places).astype(np.int64), levels, pooling)


def sectors(offsets: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of the direction that each offset (E, axes) is nearest to by its angle; ties to the first."""
    steps = np.array(directions(offsets.shape[1]), np.float64)
    towards = offsets @ (steps / np.linalg.norm(steps, axis=1, keepdims=True)).T
    nearest: NDArray[np.int64] = towards.argmax(axis=1)
    return nearest


def _with_levels(
    finest: NDArray[np.int64], cells: NDArray[np.int64], levels: int, pooling: tuple[int, ...] | None
) -> DirectedGraph:
    pooled = np.array(pooling or (2,) * cells.shape[1])
    nodes, edges, parents = [len(cells)], [finest], []
    for _ in range(levels):
        cells, parent = np.unique(cells // pooled, axis=0, return_inverse=True)
        parents.append(parent.ravel())
        nodes.append(len(cells))
        edges.append(_edges_of_cells(cells))
    return DirectedGraph(cells.shape[1], tuple(nodes), tuple(edges), tuple(parents))


def _edges_of_cells(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    found = [np.empty((3, 0), np.int64)]
    if not len(cells):
        return found[0]
    # a free cell on every side, so that the key of a neighbour is that of no other cell
    start = cells.min(axis=0) - 1
    span = tuple(cells.max(axis=0) - start + 2)
    keys = np.ravel_multi_index(tuple((cells - start).T), span)
    order = np.argsort(keys)
    for number, step in enumerate(directions(cells.shape[1])):
        wanted = np.ravel_multi_index(tuple((cells + step - start).T), span)
        source = order[np.searchsorted(keys, wanted, sorter=order).clip(max=len(cells) - 1)]
        there = np.flatnonzero(keys[source] == wanted)
        found.append(np.stack([source[there], there, np.full_like(there, number)]))
    return np.concatenate(found, axis=1)
