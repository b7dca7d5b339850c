"""Slow, obvious, whole-image versions of what the kernels do: no blocks, no halo, one region after the other."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

FOUR_NEIGHBOURS = ((-1, 0), (0, -1), (0, 1), (1, 0))


def window_of_cell(row, column, size, shape):
    """The pixels that may join a cell: the cell and half a cell around it."""
    (height, width), (extent_y, extent_x) = size, shape
    rows = slice(max(0, row * height - (height + 1) // 2), min(extent_y, (row + 1) * height + height // 2))
    columns = slice(max(0, column * width - (width + 1) // 2), min(extent_x, (column + 1) * width + width // 2))
    return rows, columns


def cells_of_shape(shape, size):
    return [(row, column) for row in range(-(-shape[0] // size[0])) for column in range(-(-shape[1] // size[1]))]


def slic(image, size, compactness, iterations):
    """Cell numbers (y, x) of a smoothed, scaled image (c, y, x), before connectivity."""
    shape = image.shape[1:]
    cells = cells_of_shape(shape, size)
    columns = -(-shape[1] // size[1])
    y, x = np.indices(shape)
    labels = (y // size[0]) * columns + x // size[1]
    weight_y, weight_x = (np.float32(compactness * compactness / (s * s)) for s in size)
    for _ in range(iterations):
        centres = [centre_of(image, labels == number, row, column, size) for number, (row, column) in enumerate(cells)]
        best = np.full(shape, np.inf, np.float32)
        labels = labels.copy()
        for number, (row, column) in enumerate(cells):
            if centres[number] is None:
                continue
            intensity, centre_y, centre_x = centres[number]
            window = window_of_cell(row, column, size, shape)
            dy = (y[window] - row * size[0]).astype(np.float32) - centre_y
            dx = (x[window] - column * size[1]).astype(np.float32) - centre_x
            distance = dy * dy * weight_y + dx * dx * weight_x
            for channel, value in zip(image, intensity, strict=True):
                difference = channel[window] - value
                distance = distance + difference * difference
            nearer = distance < best[window]
            best[window][nearer] = distance[nearer]
            labels[window][nearer] = number
    return labels


def centre_of(image, member, row, column, size):
    """Mean intensity and mean offset from the cell's first pixel, summed in raster order; None without pixels."""
    y, x = np.nonzero(member)
    if y.size == 0:
        return None
    intensity = [np.float32(np.cumsum(channel[member].astype(np.float64))[-1] / y.size) for channel in image]
    return (
        intensity,
        np.float32((y - row * size[0]).sum() / y.size),
        np.float32((x - column * size[1]).sum() / y.size),
    )


def connect(labels, size):
    """Labels after connectivity, and the number of pixels that nobody could adopt."""
    shape = labels.shape
    columns = -(-shape[1] // size[1])
    kept = np.full(shape, -1)
    for number in np.unique(labels):
        pieces, count = ndimage.label(labels == number)
        areas = [(pieces == piece).sum() for piece in range(1, count + 1)]
        kept[pieces == 1 + int(np.argmax(areas))] = number
    for _ in range(max(0, min(size) // 2 - 1)):
        before = kept.copy()
        for y, x in np.argwhere(before < 0):
            adopters = []
            for dy, dx in FOUR_NEIGHBOURS:
                if 0 <= y + dy < shape[0] and 0 <= x + dx < shape[1] and before[y + dy, x + dx] >= 0:
                    number = before[y + dy, x + dx]
                    rows, cols = window_of_cell(*divmod(number, columns), size, shape)
                    if rows.start <= y < rows.stop and cols.start <= x < cols.stop:
                        adopters.append(number)
            if adopters:
                kept[y, x] = min(adopters)
    left = kept < 0
    return np.where(left, labels, kept), int(left.sum())


def edges_of(labels, image):
    """{(low, high): (faces, mean absolute difference per channel)} of a label image (y, x); 0 is no region."""
    faces: dict[tuple[int, int], list[np.ndarray]] = {}
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            for other in ((y, x + 1), (y + 1, x)):
                if other[0] < height and other[1] < width:
                    pair = sorted((int(labels[y, x]), int(labels[other])))
                    if pair[0] != pair[1] and pair[0] != 0:
                        change = np.abs(image[:, y, x].astype(float) - image[:, other[0], other[1]].astype(float))
                        faces.setdefault((pair[0], pair[1]), []).append(change)
    return {pair: (len(changes), np.mean(changes, axis=0)) for pair, changes in sorted(faces.items())}
