"""Slow, obvious, whole-image versions of what the kernels do: no blocks, no halo, one region after the other."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def window_of_cell(cell, size, shape):
    """The pixels that may join a cell: the cell and half a cell around it, along each axis; of a cell of 1 that one."""
    return tuple(
        slice(max(0, c * s - (s > 1) * (s + 1) // 2), min(extent, (c + 1) * s + s // 2))
        for c, s, extent in zip(cell, size, shape, strict=True)
    )


def cells_of_shape(shape, size):
    """All cells, in the order of their numbers."""
    return list(np.ndindex(*(-(-extent // s) for extent, s in zip(shape, size, strict=True))))


def slic(image, size, compactness, iterations, mask=None):
    """Cell numbers (y, x) or (z, y, x) of a smoothed, scaled image (c, ...), before connectivity; -1 is masked."""
    shape = image.shape[1:]
    cells = cells_of_shape(shape, size)
    place = np.indices(shape)
    inside = np.ones(shape, bool) if mask is None else mask
    labels = np.zeros(shape, int)
    for along, s, extent in zip(place, size, shape, strict=True):
        labels = labels * -(-extent // s) + along // s
    labels[~inside] = -1
    weights = [np.float32(compactness * compactness / (s * s)) for s in size]
    for _ in range(iterations):
        centres = [centre_of(image, labels == number, cell, size) for number, cell in enumerate(cells)]
        best = np.full(shape, np.inf, np.float32)
        labels = labels.copy()
        for number, cell in enumerate(cells):
            if centres[number] is None:
                continue
            intensity, centre = centres[number]
            window = window_of_cell(cell, size, shape)
            squares = [
                ((along[window] - c * s).astype(np.float32) - at) ** 2 * weight
                for along, c, s, at, weight in zip(place, cell, size, centre, weights, strict=True)
            ]
            # y, then x with z: float32 sums depend on their order
            distance = squares[-2] + (squares[-1] + (squares[0] if len(squares) == 3 else np.float32(0)))
            for channel, value in zip(image, intensity, strict=True):
                difference = channel[window] - value
                distance = distance + difference * difference
            nearer = (distance < best[window]) & inside[window]
            best[window][nearer] = distance[nearer]
            labels[window][nearer] = number
    return labels


def centre_of(image, member, cell, size):
    """Mean intensity and mean offset from the cell's first pixel, summed in raster order; None without pixels."""
    places = np.nonzero(member)
    count = places[0].size
    if count == 0:
        return None
    intensity = [np.float32(np.cumsum(channel[member].astype(np.float64))[-1] / count) for channel in image]
    offsets = [(along - c * s).sum() / count for along, c, s in zip(places, cell, size, strict=True)]
    return intensity, [np.float32(offset) for offset in offsets]


def connect(labels, image, size, extra_cells=1):
    """Labels after connectivity, and the number of pixels that nobody could adopt; -1 stays -1."""
    shape = labels.shape
    cells = cells_of_shape(shape, size)
    kept = np.full(shape, -1)
    for number in np.unique(labels[labels >= 0]):
        pieces, count = ndimage.label(labels == number)
        areas = [(pieces == piece).sum() for piece in range(1, count + 1)]
        kept[pieces == 1 + int(np.argmax(areas))] = number
    sweeps = [s // 2 - 1 + s * extra_cells for s in size]
    for sweep in range(max(sweeps)):
        before = kept.copy()
        for pixel in np.argwhere((before < 0) & (labels >= 0)):
            adopters = []
            for other in face_neighbours(pixel, shape, [sweep < along for along in sweeps]):
                number = before[other]
                if number >= 0 and inside_window(pixel, window_of_cell(cells[number], size, shape)):
                    squares = [(channel[tuple(pixel)] - channel[other]) ** 2 for channel in image]
                    adopters.append((sum(squares, np.float32(0)), number))
            if adopters:
                kept[tuple(pixel)] = min(adopters)[1]
    left = (kept < 0) & (labels >= 0)
    return np.where(left, labels, kept), int(left.sum())


def face_neighbours(pixel, shape, along):
    """The pixels that share a face with this one, along the axes that are asked for."""
    for axis in np.flatnonzero(along):
        for step in (-1, 1):
            other = np.array(pixel)
            other[axis] += step
            if 0 <= other[axis] < shape[axis]:
                yield tuple(other)


def inside_window(pixel, window):
    return all(along.start <= at < along.stop for at, along in zip(pixel, window, strict=True))


def edges_of(labels, image):
    """{(low, high): (faces, mean absolute difference per channel)} of labels (y, x) or (z, y, x); 0 is no region."""
    faces: dict[tuple[int, int], list[np.ndarray]] = {}
    for here in np.ndindex(labels.shape):
        for axis in range(labels.ndim):
            there = (*here[:axis], here[axis] + 1, *here[axis + 1 :])
            if there[axis] < labels.shape[axis]:
                pair = sorted((int(labels[here]), int(labels[there])))
                if pair[0] != pair[1] and pair[0] != 0:
                    change = np.abs(image[(slice(None), *here)].astype(float) - image[(slice(None), *there)])
                    faces.setdefault((pair[0], pair[1]), []).append(change)
    return {pair: (len(changes), np.mean(changes, axis=0)) for pair, changes in sorted(faces.items())}


def boundary_counts(true, found, classes, tolerance):
    """Boundary pixels per class: found, of them near the true boundary, true, of them near the found one."""
    known = true != 255
    edges = [_edges(image, known) for image in (found, true)]
    counts = np.zeros((classes, 4), int)
    for value in range(classes):
        found_edge, true_edge = edges[0] & (found == value), edges[1] & (true == value)
        counts[value, :2] = _near(found_edge, true_edge, tolerance)
        counts[value, 2:] = _near(true_edge, found_edge, tolerance)
    return counts


def _edges(image, known):
    """Which pixels have a known neighbour, across a face, of another class."""
    edge = np.zeros(image.shape, bool)
    for axis in range(image.ndim):
        near, far = (np.moveaxis(array, axis, 0) for array in (image, known))
        differ = (near[1:] != near[:-1]) & far[1:] & far[:-1]
        view = np.moveaxis(edge, axis, 0)
        view[1:] |= differ
        view[:-1] |= differ
    return edge


def _near(own, other, tolerance):
    distance = ndimage.distance_transform_edt(~other) if other.any() else np.full(own.shape, np.inf)
    return own.sum(), (own & (distance <= tolerance)).sum()


def calibration_error(true, found, highest, bins=15):
    """The expected calibration error, pixel by pixel: probabilities in 255ths, bins open below and closed above."""
    members = [[] for _ in range(bins)]
    for label, guess, sure in zip(true.ravel().tolist(), found.ravel().tolist(), highest.ravel().tolist(), strict=True):
        if label != 255:
            place = next(n for n in range(bins) if sure * bins <= 255 * (n + 1))
            members[place].append((sure / 255, label == guess))
    total = sum(map(len, members))
    off = 0.0
    for group in filter(None, members):
        sure, right = (sum(values) / len(group) for values in zip(*group, strict=True))
        off += len(group) / total * abs(right - sure)
    return off
