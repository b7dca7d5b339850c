"""Nodes to be embedded, from a region graph or an AnnData table: channels on one scale, places, neighbours."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from terrazzo.errors import InputError, ParameterError
from terrazzo.models.nested.settings import PLAIN_K
from terrazzo.regions.graphs.channel_graph import LEAST_CHANNELS, entries_by_depth
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.wording import counted

_log = logging.getLogger(__name__)

SPOT_NEIGHBOURS = 3
COUNTS_PER_NODE = 1e4
MOST_DEVIATIONS = 10.0


@dataclass(frozen=True, eq=False)
class Nodes:
    """Nodes to be embedded.

    Parameters
    ----------
    values : ndarray of float32, shape (N, G)
        Their channels, on one scale and finite.
    positions : ndarray of float64, shape (N, 2) or (N, 3)
    edge_index : ndarray of int64, shape (2, E)
        Neighbours, each pair once.
    channels : tuple of str
        The names of the G channels.
    k : float
        How many channels each one hears on the average, itself included.
    counts : bool
        Whether the channels were counts.
    """

    values: NDArray[np.float32]
    positions: NDArray[np.float64]
    edge_index: NDArray[np.int64]
    channels: tuple[str, ...]
    k: float
    counts: bool = False


def nodes_of_graph(graph: RegionGraph, channels: tuple[str, ...] | None, k: float | None) -> Nodes:
    """Return the nodes of a region graph; by default the channels are their mean intensities, or else all features.

    Raises
    ------
    ParameterError
        If a channel is no column of the graph.
    InputError
        If a value is not finite, or fewer than two channels vary.
    """
    means = tuple(name for name in graph.node_columns if name.startswith("mean_"))
    names = channels or means or graph.node_columns
    for name in names:
        if name not in graph.node_columns:
            raise ParameterError(
                f"there is no node feature '{name}'; this graph has {', '.join(graph.node_columns[:12])}, …"
            )
    table = graph.node_features[:, [graph.node_columns.index(name) for name in names]]
    check_table(table, names)
    scaling = channel_scaling(table)
    return Nodes(scaling.nodes(table), graph.positions, graph.edge_index, names, PLAIN_K if k is None else k)


def nodes_of_table(data: Any, layer: str | None, k: float | None) -> Nodes:
    """Return the observations of an AnnData table, with positions in `obsm["spatial"]`.

    Counts are brought to 10,000 for each node, their logarithm is taken, and `k` follows from their depth if nobody
    gives it. Other values are taken as they are.

    Raises
    ------
    InputError
        If there are no positions, a value is not finite, or fewer than two channels vary.
    ParameterError
        If there is no such layer.
    """
    positions = _positions(data)
    if layer is not None and layer not in data.layers:
        raise ParameterError(f"there is no layer '{layer}' in the AnnData; it has {', '.join(data.layers) or 'none'}")
    stored = data.X if layer is None else data.layers[layer]
    if stored is None:
        raise InputError("the AnnData holds no X; name the layer that is to be embedded, layer=…")
    table = np.asarray(stored.toarray() if hasattr(stored, "toarray") else stored).astype(np.float32)
    names = tuple(map(str, data.var_names))
    check_table(table, names)
    counts = bool((table >= 0).all() and (table == np.rint(table)).all())
    chosen = _chosen_k(table, counts) if k is None else k
    if counts:
        table = np.log1p(table / np.maximum(table.sum(axis=1, keepdims=True), 1) * np.float32(COUNTS_PER_NODE))
    values = channel_scaling(table).nodes(table)
    if counts:
        values = np.minimum(values, np.float32(MOST_DEVIATIONS))
    return Nodes(values, positions, nearest_edges(positions, SPOT_NEIGHBOURS), names, chosen, counts)


def channel_scaling(table: NDArray[np.float32]) -> Scaling:
    """Return what brings channels (N, G) to one deviation.

    Means are left apart, as they are: what a channel hears then tells from whom it hears it.
    """
    deviation = table.std(axis=0, dtype=np.float64)
    varies = deviation > np.finfo(np.float32).eps * np.abs(table).max(axis=0)
    return Scaling(np.zeros(table.shape[1], np.float32), np.where(varies, deviation, 1).astype(np.float32))


def nearest_edges(positions: NDArray[np.float64], neighbours: int) -> NDArray[np.int64]:
    """Return the pairs of which at least one node is among the nearest of the other, each once, shape (2, E)."""
    number = min(neighbours + 1, len(positions))
    _, places = cKDTree(positions).query(positions, number)
    places = places.reshape(len(positions), number)
    ends = np.stack([np.repeat(np.arange(len(positions)), number), places.ravel()])
    pairs = np.unique(np.sort(ends[:, ends[0] != ends[1]], axis=0), axis=1)
    return pairs.astype(np.int64)


def check_table(table: NDArray[np.float32], names: tuple[str, ...]) -> None:
    """Raise an InputError unless nodes (N, G) can be embedded; one line of the log names channels that do not vary."""
    if len(table) < 2:
        raise InputError(f"there {'is 1 node' if len(table) else 'are no nodes'} to embed; give at least 2")
    bad = ~np.isfinite(table)
    if bad.any():
        row, column = (int(place) for place in np.argwhere(bad)[0])
        raise InputError(
            f"{counted(int(bad.sum()), 'value')} to be embedded {'is' if bad.sum() == 1 else 'are'} NaN or infinite, "
            f"the first in row {row} of '{names[column]}'; leave these nodes or channels out, or fill them"
        )
    varies = (table != table[0]).any(axis=0)
    if varies.sum() < 2:
        raise InputError(
            f"{int(varies.sum())} of {counted(len(names), 'channel')} varies from node to node; graphs of channels "
            "need at least 2"
        )
    if not varies.all():
        still = [name for name, moves in zip(names, varies, strict=True) if not moves]
        _log.warning(
            "%d channels, %d of them the same in all nodes and correlated with nobody, such as '%s'",
            len(names),
            len(still),
            still[0],
        )


def _positions(data: Any) -> NDArray[np.float64]:
    if "spatial" not in data.obsm:
        held = ", ".join(data.obsm) or "nothing"
        raise InputError(
            f"the AnnData has no positions: obsm['spatial'] is missing (obsm holds {held}); put the coordinates of its "
            f"{counted(data.n_obs, 'observation')} there, one row each"
        )
    positions = np.asarray(data.obsm["spatial"], dtype=np.float64)
    if positions.ndim != 2 or positions.shape[1] not in (2, 3):
        raise InputError(f"obsm['spatial'] has the shape {positions.shape}; give two or three coordinates in each row")
    if not np.isfinite(positions).all():
        bad = int((~np.isfinite(positions)).any(axis=1).sum())
        raise InputError(f"obsm['spatial'] has {counted(bad, 'row')} with NaN or infinite numbers; leave these out")
    return positions


def _chosen_k(table: NDArray[np.float32], counts: bool) -> float:
    """Return how many channels each hears: by the depth of counts, or else the plain number, which is said."""
    channels = int((table != 0).any(axis=0).sum())
    if counts and channels >= LEAST_CHANNELS:
        found = entries_by_depth(float(table.sum(dtype=np.float64)), channels)
        if found <= 1:
            _log.warning(
                "by the depth of the counts each of %d channels hears %.2g on the average, itself included: nearly all "
                "hear themselves alone; k=… says otherwise",
                channels,
                found,
            )
        return found
    why = (
        f"there are {channels} channels with counts, and the depth of counts says something from {LEAST_CHANNELS} on"
        if counts
        else "the values are no counts (whole numbers of at least 0), whose depth would say it"
    )
    _log.warning("each channel hears %g on the average, itself included: %s; k=… says otherwise", PLAIN_K, why)
    return PLAIN_K
