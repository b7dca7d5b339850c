"""How things look in phase contrast, as grey levels above or below the empty medium."""

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.culture.noise import bell, bump, hash_at, mix, ridge, unit
from terrazzo.kernels.jit import kernel


@kernel
def medium(drift: float, mottle: float, light: float) -> float:
    """Return the level of bare plastic: faint mottle and, where it is light, fibres along a contour of `drift`."""
    fibre = ridge(drift - 0.13, 0.011) * min(1.0, max(0.0, light * 0.167))
    return 2.5 * mottle - 15.0 * fibre


@kernel
def halo(depth: float, mottle: float) -> float:
    """Return what a colony's edge adds `depth` pixels inside it: a bright rim without, a shade within."""
    return (52.0 + 24.0 * mottle) * ridge(depth + 3.0, 7.0) - 14.0 * ridge(depth - 8.0, 9.0) + 9.0 * ridge(depth, 38.0)


@kernel
def packed_cell(dy: float, dx: float, gap: float, depth: float, drift: float, mottle: float, word: np.uint64) -> float:
    """Return the level inside a colony: small cells, dark seams, bright nuclei with a brighter nucleolus.

    Parameters
    ----------
    dy, dx
        From the cell's site to the pixel.
    gap
        Distance to the second nearest site less the distance to the nearest: 0 on the seam.
    depth
        Distance into the colony.
    drift, mottle
        Slow and quick smooth noise.
    word
        The cell's random bits.
    """
    more = mix(word)
    firm = 0.35 + 0.65 * min(1.0, max(0.0, depth * 0.0714))
    seam = -46.0 * ridge(gap, 3.6) * (0.7 + 0.6 * unit(more, 3)) + 15.0 * ridge(gap - 5.0, 3.0)
    level = -4.0 + 26.0 * drift + 9.0 * mottle + 22.0 * (unit(more, 0) - 0.5) + firm * seam
    dy, dx = dy - 3.0 * (unit(more, 1) - 0.5), dx - 3.0 * (unit(more, 2) - 0.5)
    nucleus = (dy * dy + dx * dx) * 0.05
    dy, dx = dy - 3.0 * (unit(word, 2) - 0.5), dx - 3.0 * (unit(word, 3) - 0.5)
    return level + 20.0 * bump(nucleus) - 10.0 * ridge(nucleus - 1.0, 0.5) + 45.0 * bump((dy * dy + dx * dx) * 0.286)


@kernel
def spread_cell(along: float, across: float, gap: float, drift: float, mottle: float, word: np.uint64) -> float:
    """Return the level of a differentiated cell: large, flat and long, faintly striped, with an oval nucleus.

    `along` and `across` lead from the cell's site to the pixel; the rest is as in `packed_cell`.
    """
    more = mix(word)
    level = 3.0 + 14.0 * drift + 8.0 * mottle + 22.0 * (unit(more, 0) - 0.5)
    level += -26.0 * ridge(gap, 2.2) + 24.0 * ridge(gap - 3.4, 2.6)
    bend = across + 0.02 * along * along * (unit(more, 1) - 0.5) + 6.0 * mottle
    level += 7.0 * ridge(bend - 4.5, 2.0) - 8.0 * ridge(bend + 2.5, 2.2) + 6.0 * ridge(bend + 7.0, 2.0)
    along -= 8.0 * (unit(more, 2) - 0.5)
    nucleus = along * along * 0.0143 + across * across * 0.0417
    level += -12.0 * bump(nucleus) + 14.0 * ridge(nucleus - 1.0, 0.45)
    along -= 5.0 * (unit(more, 3) - 0.5)
    return level + 38.0 * bump((along * along + across * across) * 0.222)


@kernel
def expose(
    scene: NDArray[np.float64], y0: int, x0: int, seed: np.uint64, noise: float, image: NDArray[np.uint8]
) -> None:
    """Blur a scene one pixel wider all round by the lens, 1 2 1 on each axis, and add sensor noise."""
    height, width = image.shape
    column = np.empty(width + 2)
    for j in range(height):
        for i in range(width + 2):
            column[i] = scene[j, i] + 2.0 * scene[j + 1, i] + scene[j + 2, i]
        for i in range(width):
            level = (column[i] + 2.0 * column[i + 1] + column[i + 2]) * 0.0625
            level += noise * bell(hash_at(y0 + j, x0 + i, seed))
            image[j, i] = np.uint8(min(255.0, max(0.0, level + 0.5)))
