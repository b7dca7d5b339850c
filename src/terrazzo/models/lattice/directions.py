"""From which direction does a neighbour speak? Relations of a graph, from cells of a lattice or from centroids."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class DirectedGraph:
    """Superpixels and coarser levels as lists, with their directed edges by direction.

    Parameters
    ----------
    axes : int
        2 or 3.
    nodes : tuple of int
        How many there are on each level.
    edges : tuple of dict of tuple of int to ndarray of int64, shape (2, E)
        On each level for each direction, such as (-1, 0), sources and destinations: the source lies there.
    parents : tuple of ndarray of int64
        For each node of a level that of the next level.
    """

    axes: int
    nodes: tuple[int, ...]
    edges: tuple[dict[tuple[int, ...], NDArray[np.int64]], ...]
    parents: tuple[NDArray[np.int64], ...]


def directions(axes: int) -> list[tuple[int, ...]]:
    """Return the directions to the 8 cells around a cell, in a volume 26."""
    return [step for step in itertools.product((-1, 0, 1), repeat=axes) if any(step)]


def graph_of_cells(cells: NDArray[np.int64], levels: int) -> DirectedGraph:
    """Return the graph of superpixels of a lattice: neighbours are those of neighbouring cells.

    Parameters
    ----------
    cells : ndarray of int64, shape (N, 2) or (N, 3)
        In the whole lattice.
    levels : int
    """
    return _with_levels([_edges_of_cells(cells)], cells, levels)


def graph_of_regions(
    edge_index: NDArray[np.int64], positions: NDArray[np.float64], spacing: float, levels: int
) -> DirectedGraph:
    """Return the graph of regions that stand on no lattice: a neighbour's direction is the sector of its centroid.

    Coarser levels are cells of a lattice of twice the spacing, four times the spacing and so on.

    Parameters
    ----------
    edge_index : ndarray of int64, shape (2, E)
        Undirected edges, each once.
    positions : ndarray of float64, shape (N, 2) or (N, 3)
        Centroids in pixels.
    spacing : float
        About how far apart regions are, in pixels.
    levels : int
    """
    both = np.concatenate([edge_index, edge_index[::-1]], axis=1)
    sector = sectors(positions[both[0]] - positions[both[1]])
    steps = directions(positions.shape[1])
    edges = {step: both[:, sector == number] for number, step in enumerate(steps)}
    return _with_levels([edges], np.floor(positions / spacing).astype(np.int64), levels)


def sectors(offsets: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of the direction that each offset (E, axes) is nearest to by its angle; ties to the first."""
    steps = np.array(directions(offsets.shape[1]), np.float64)
    towards = offsets @ (steps / np.linalg.norm(steps, axis=1, keepdims=True)).T
    nearest: NDArray[np.int64] = towards.argmax(axis=1)
    return nearest


def _with_levels(
    edges: list[dict[tuple[int, ...], NDArray[np.int64]]], cells: NDArray[np.int64], levels: int
) -> DirectedGraph:
    nodes, parents, axes = [len(cells)], [], cells.shape[1]
    for _ in range(levels):
        coarse, parent = np.unique(cells >> 1, axis=0, return_inverse=True)
        cells = coarse
        parents.append(parent.ravel())
        nodes.append(len(cells))
        edges.append(_edges_of_cells(cells))
    return DirectedGraph(axes, tuple(nodes), tuple(edges), tuple(parents))


def _edges_of_cells(cells: NDArray[np.int64]) -> dict[tuple[int, ...], NDArray[np.int64]]:
    steps = directions(cells.shape[1])
    if not len(cells):
        return dict.fromkeys(steps, np.empty((2, 0), np.int64))
    # a free cell on every side, so that the key of a neighbour is that of no other cell
    start = cells.min(axis=0) - 1
    span = tuple(cells.max(axis=0) - start + 2)
    keys = np.ravel_multi_index(tuple((cells - start).T), span)
    order = np.argsort(keys)
    found = {}
    for step in steps:
        wanted = np.ravel_multi_index(tuple((cells + step - start).T), span)
        source = order[np.searchsorted(keys, wanted, sorter=order).clip(max=len(cells) - 1)]
        there = keys[source] == wanted
        found[step] = np.stack([source[there], np.flatnonzero(there)])
    return found
