"""Attention of width 1 over a graph of channels, for many nodes at a time, and its gradients.

Channel i of a node hears ``m_i = sum over j of a_ij s_j``; a_ij is the softmax over j of ``v * leaky(s_j + t_i)``.
A node's numbers are the same bits whichever others come with it.
"""

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.exponential import exp
from terrazzo.kernels.jit import kernel

_ONE, _ZERO = np.float32(1), np.float32(0)


@kernel
def _attention_of_place(said, asked, score, slope, sources, first, last, place, shares, highest, total):
    """Fill `shares` (edges, N) with the attention at one place."""
    nodes = said.shape[1]
    for b in range(nodes):
        highest[b] = -np.inf
        total[b] = _ZERO
    for edge in range(first, last):
        source = sources[edge]
        for b in range(nodes):
            z = said[source, b] + asked[place, b]
            shares[edge - first, b] = score * (z if z > _ZERO else slope * z)
            highest[b] = max(highest[b], shares[edge - first, b])
    for edge in range(last - first):
        for b in range(nodes):
            share = exp(shares[edge, b] - highest[b])
            shares[edge, b] = share
            total[b] += share
    for edge in range(last - first):
        for b in range(nodes):
            shares[edge, b] /= total[b]


@kernel
def attended(
    said: NDArray[np.float32],
    asked: NDArray[np.float32],
    score: np.float32,
    slope: np.float32,
    sources: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return what channels hear, float32 (G, N).

    Parameters
    ----------
    said, asked : ndarray of float32, shape (G, N)
        s and t.
    score, slope : float32
        v, and what `leaky` multiplies numbers below 0 by.
    sources : ndarray of int64, shape (E,)
        j of each edge, in the order of i.
    ends : ndarray of int64, shape (G + 1,)
        Where the edges of each i begin and end.
    """
    channels, nodes = said.shape
    shares = np.empty((np.diff(ends).max(), nodes), np.float32)
    highest, total = np.empty(nodes, np.float32), np.empty(nodes, np.float32)
    heard = np.zeros((channels, nodes), np.float32)
    for place in range(channels):
        first, last = ends[place], ends[place + 1]
        _attention_of_place(said, asked, score, slope, sources, first, last, place, shares, highest, total)
        for edge in range(first, last):
            source = sources[edge]
            for b in range(nodes):
                heard[place, b] += shares[edge - first, b] * said[source, b]
    return heard


@kernel
def attention(
    said: NDArray[np.float32],
    asked: NDArray[np.float32],
    score: np.float32,
    slope: np.float32,
    sources: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return a_ij of each edge, float32 (E, N); parameters as those of `attended`."""
    channels, nodes = said.shape
    found = np.empty((sources.size, nodes), np.float32)
    highest, total = np.empty(nodes, np.float32), np.empty(nodes, np.float32)
    for place in range(channels):
        first, last = ends[place], ends[place + 1]
        shares = found[first:last]
        _attention_of_place(said, asked, score, slope, sources, first, last, place, shares, highest, total)
    return found


@kernel
def attended_gradients(
    said: NDArray[np.float32],
    asked: NDArray[np.float32],
    score: np.float32,
    slope: np.float32,
    sources: NDArray[np.int64],
    ends: NDArray[np.int64],
    heard: NDArray[np.float32],
    gradient: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
    """Return the gradients of s, of t and of v, for that of what channels hear.

    Parameters
    ----------
    said, asked, score, slope, sources, ends
        As for `attended`.
    heard, gradient : ndarray of float32, shape (G, N)
        What `attended` gave, and its gradient.

    Returns
    -------
    of_said, of_asked : ndarray of float32, shape (G, N)
    of_score : ndarray of float64, shape (N,)
        That of v, for each node.
    """
    channels, nodes = said.shape
    shares = np.empty((np.diff(ends).max(), nodes), np.float32)
    highest, total = np.empty(nodes, np.float32), np.empty(nodes, np.float32)
    of_said, of_asked = np.zeros((channels, nodes), np.float32), np.zeros((channels, nodes), np.float32)
    of_score = np.zeros(nodes)
    at_place = np.empty(nodes, np.float32)
    for place in range(channels):
        first, last = ends[place], ends[place + 1]
        _attention_of_place(said, asked, score, slope, sources, first, last, place, shares, highest, total)
        at_place[:] = _ZERO
        for edge in range(first, last):
            source = sources[edge]
            for b in range(nodes):
                through = shares[edge - first, b] * gradient[place, b]
                of_logit = through * (said[source, b] - heard[place, b])
                z = said[source, b] + asked[place, b]
                bent = _ONE if z > _ZERO else slope
                of_sum = of_logit * score * bent
                of_said[source, b] += of_sum + through
                of_asked[place, b] += of_sum
                at_place[b] += of_logit * bent * z
        for b in range(nodes):
            of_score[b] += at_place[b]
    return of_said, of_asked, of_score
