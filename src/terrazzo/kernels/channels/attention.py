"""Attention of width 1 over a graph of channels, for many nodes at a time, and its gradients.

Channel i of a node hears ``m_i = sum over j of a_ij s_j``; a_ij is the softmax over j of ``v * leaky(s_j + t_i)``.
A node's numbers are the same bits whichever others come with it.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

_ONE, _HALF, _ZERO = np.float32(1), np.float32(0.5), np.float32(0)
_LOG2E, _HIGH, _LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)
_LEAST = np.float32(-87)
# exp(r) - 1 - r over r**2, on half a step of a power of two to either side
_P5, _P4, _P3, _P2, _P1 = map(np.float32, (1.3981999e-3, 8.3334519e-3, 4.1665796e-2, 1.6666665e-1, 5.0000001e-1))


@intrinsic
def _bits(typing_context, value):  # noqa: ARG001
    """The float whose bits are those of a whole number."""

    def generate(context, builder, signature, arguments):  # noqa: ARG001
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@kernel
def _exp(x):
    """Return exp(x) of an x of at most 0, to 1e-7 of it; below -87 it is that of -87, which is next to nothing."""
    x = max(x, _LEAST)
    power = np.int32(x * _LOG2E - _HALF)
    whole = np.float32(power)
    r = x - whole * _HIGH - whole * _LOW
    tail = ((((_P5 * r + _P4) * r + _P3) * r + _P2) * r + _P1) * r * r + r + _ONE
    return tail * _bits((power + np.int32(127)) << np.int32(23))  # type: ignore[call-arg]


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
            share = _exp(shares[edge, b] - highest[b])
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
