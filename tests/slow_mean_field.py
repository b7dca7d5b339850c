"""The mean field of a conditional random field, region by region in float64: what `MeanField` is held to."""

import itertools

import numpy as np


def softmax(logits):
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def line_of(offset):
    """Return the number of the line that an offset is nearest to by its angle."""
    steps = [step for step in itertools.product((-1, 0, 1), repeat=len(offset)) if any(step)]
    towards = [np.dot(offset, step) / np.linalg.norm(step) for step in steps]
    number = int(np.argmax(np.round(towards, 9)))
    return min(number, len(steps) - 1 - number)


def mean_field(crf, logits, edge_index, edge_features, offsets):
    """Return what regions around add to logits (N, C), by the weights of a `MeanField`."""
    lines, boundary, agreement, mean, deviation = (
        getattr(crf, name).detach().double().numpy() for name in ("lines", "boundary", "agreement", "mean", "deviation")
    )
    agreement = (agreement + agreement.T) / 2
    added = np.zeros_like(logits, np.float64)
    for _ in range(crf.steps):
        shares, heard = softmax(logits + added), np.zeros_like(added)
        for (low, high), features, offset in zip(edge_index.T, edge_features.astype(float), offsets, strict=True):
            columns = np.append(np.log(max(features[0], 1)), features[1:])
            strength = lines[line_of(offset)] + boundary @ ((columns - mean) / deviation)
            weight = 1 / (1 + np.exp(-strength))
            heard[low] += weight * shares[high]
            heard[high] += weight * shares[low]
        added = heard @ agreement
    return added.astype(np.float32)
