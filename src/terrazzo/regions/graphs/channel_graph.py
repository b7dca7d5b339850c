"""Which channels belong together in a region of the image? A graph of channels, from their correlation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Where a region has more nodes than this, only the main directions in which they differ are correlated.
MANY_NODES = 20
VARIANCE_KEPT = 0.95

# Below this share of a channel's size its spread over the nodes is rounding.
_ROUNDING = 1e-6

MOST_ENTRIES = 7.0
LEAST_CHANNELS = 31
"""With fewer channels the depth of counts says nothing about how many edges there should be."""


@dataclass(frozen=True, eq=False)
class ChannelGraph:
    """The graph of channels in one region: who is heard by whom, in the order of who hears; each hears itself.

    Parameters
    ----------
    sources, places : ndarray of int64, shape (E,)
        The channel that is heard and the channel that hears; `places` ascend.
    """

    sources: NDArray[np.int64]
    places: NDArray[np.int64]

    @property
    def pairs(self) -> NDArray[np.int64]:
        """The pairs of different channels, shape (2, P), the lower first."""
        once = self.sources < self.places
        return np.stack([self.sources[once], self.places[once]])


def entries_by_depth(depth: float, channels: int) -> float:
    """Return how many entries of the matrix of correlations are kept for each channel, from the depth of counts.

    ``min(7, sqrt(depth / 1e5) * 0.35 * (ln(channels - 30) - 1))``, and at least 0 (STING, doi
    10.1101/2025.02.03.636316).

    Parameters
    ----------
    depth : float
        The sum of all counts.
    channels : int
        At least 31.
    """
    found = math.sqrt(depth / 1e5) * 0.35 * (math.log(channels - LEAST_CHANNELS + 1) - 1)
    return max(0.0, min(MOST_ENTRIES, found))


def channel_graph(values: NDArray[np.floating[Any]], entries: float) -> ChannelGraph:
    """Return the graph of the channels of a region.

    Of the matrix of correlations the ``int(entries * G)`` largest entries are kept, its diagonal first and then pairs,
    both entries of each; of equal ones those of the lower channels. Channels that do not vary have no correlation.

    Parameters
    ----------
    values : ndarray, shape (N, G)
        The channels of the region's nodes, finite.
    entries : float
    """
    channels = values.shape[1]
    correlation = correlations(values)
    known = np.isfinite(correlation.diagonal())
    pairs = max(0, -(-(int(entries * channels) - int(known.sum())) // 2))
    low, high = _highest(correlation, pairs)
    everyone = np.arange(channels)
    sources, places = np.concatenate([everyone, low, high]), np.concatenate([everyone, high, low])
    order = np.lexsort((sources, places))
    return ChannelGraph(sources[order], places[order])


def correlations(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return Pearson's correlation of channels over nodes, shape (G, G); NaN for channels that do not vary.

    Where there are more than 20 nodes, each is taken relative to its own mean over the channels, and only what the
    first principal components of the nodes hold, up to 95 % of the variance, is correlated.

    Parameters
    ----------
    values : ndarray, shape (N, G)
    """
    table = values.astype(np.float64)
    varies = _spread(table) > _ROUNDING * np.abs(table).max(axis=0, initial=0.0)
    found = np.full((table.shape[1],) * 2, np.nan)
    if not varies.any():
        return found
    table = table[:, varies]
    if len(table) > MANY_NODES:
        table = _main_components(table)
    table = table - table.mean(axis=0)
    spread = np.sqrt(np.square(table).sum(axis=0))
    # what the main components do not show of a channel is no correlation with anyone
    scaled = table / np.where(spread > 0, spread, 1.0)
    found[np.ix_(varies, varies)] = scaled.T @ scaled
    return found


def _spread(table: NDArray[np.float64]) -> NDArray[np.float64]:
    spread: NDArray[np.float64] = table.std(axis=0) if len(table) else np.zeros(table.shape[1])
    return spread


def _main_components(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a table as its main components over the nodes show it; no sign of a component has a say."""
    centred = table - table.mean(axis=1, keepdims=True)
    variances, vectors = np.linalg.eigh(centred @ centred.T)
    shares = np.cumsum(variances[::-1].clip(min=0))
    if not shares[-1] > 0:
        return table
    number = int(np.searchsorted(shares, VARIANCE_KEPT * shares[-1])) + 1
    kept = vectors[:, ::-1][:, :number]
    shown: NDArray[np.float64] = kept @ (kept.T @ centred)
    return shown


def _highest(correlation: NDArray[np.float64], pairs: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the two channels of the pairs that are correlated most."""
    low, high = np.triu_indices(len(correlation), 1)
    values = correlation[low, high]
    known = np.flatnonzero(np.isfinite(values))
    pairs = min(pairs, known.size)
    if not pairs:
        return low[:0], high[:0]
    values = values[known]
    least = np.partition(values, values.size - pairs)[values.size - pairs]
    above = known[values > least]
    ties = known[values == least][: pairs - above.size]
    chosen = np.concatenate([above, ties])
    return low[chosen], high[chosen]
