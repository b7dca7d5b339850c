"""What floats over a culture: dark specks, and dead cells that have rounded up and shine."""

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.culture.noise import Window, bump, gradient_noise, mix, ridge, unit
from terrazzo.kernels.culture.texture import sites_around
from terrazzo.kernels.jit import kernel

_PITCH, _REACH = 40, 24


@kernel
def litter(window: Window, seed: np.uint64) -> NDArray[np.float64]:
    """Return the grey levels that litter adds to a window, shape (height, width).

    Pieces are added in raster order of their squares, so that sums round alike in every window.
    """
    canvas = np.zeros((window.height, window.width))
    wider = Window(window.y - _REACH, window.x - _REACH, window.height + 2 * _REACH, window.width + 2 * _REACH)
    sites = sites_around(wider, pitch=_PITCH, reach=0, span=1, stretch=1.0, seed=seed)
    for j in range(sites.y.shape[0]):
        for i in range(sites.y.shape[1]):
            _drop(canvas, sites.y[j, i], sites.x[j, i], window.y, window.x, mix(sites.words[j, i]), seed)
    return canvas


@kernel
def _drop(canvas: NDArray[np.float64], y: float, x: float, y0: int, x0: int, word: np.uint64, seed: np.uint64) -> None:
    lot, size = unit(word, 0), unit(word, 1)
    crowd = gradient_noise(int(np.floor(y)), int(np.floor(x)), 500, seed)
    if lot < 0.02 + 0.05 * crowd:
        radius = 3.2 + 4.3 * size
        _stamp(canvas, y, x, y0, x0, radius, 70.0 + 45.0 * unit(word, 2), -70.0)
        if unit(word, 3) < 0.4:
            aside, more = 3.4 * radius, mix(word)
            y, x = y + aside * (unit(more, 0) - 0.5), x + aside * (unit(more, 1) - 0.5)
            _stamp(canvas, y, x, y0, x0, 0.8 * radius, 80.0, -60.0)
    elif lot < 0.32:
        radius = 0.9 + 2.6 * size * size * size
        _stamp(canvas, y, x, y0, x0, radius, -25.0 - 60.0 * unit(word, 2), 20.0)


@kernel
def _stamp(
    canvas: NDArray[np.float64], y: float, x: float, y0: int, x0: int, radius: float, core: float, ring: float
) -> None:
    bottom, right = y0 + canvas.shape[0], x0 + canvas.shape[1]
    reach = 1.6 * radius
    for j in range(max(y0, int(np.ceil(y - reach))), min(bottom, int(np.floor(y + reach)) + 1)):
        for i in range(max(x0, int(np.ceil(x - reach))), min(right, int(np.floor(x + reach)) + 1)):
            t = ((j - y) * (j - y) + (i - x) * (i - x)) / (radius * radius)
            canvas[j - y0, i - x0] += core * bump(t) + ring * ridge(t - 1.4, 1.1)
