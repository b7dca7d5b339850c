"""How many superpixels are unlike those of the other images of a set: of images as they are, altered, of other sets.

    python benchmarks/unlike_superpixels.py ../shared/data

Prints, in percent, the median and the worst over the images; a fit of the lattice network remembers the same.
Some minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np

import terrazzo as tz
from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.inputs.estimates import estimated, estimates_of
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import given_of
from terrazzo.lattice import Lattice
from terrazzo.models.lattice.cell_rows import cell_rows
from terrazzo.models.passes.superpixels import superpixels_pass
from terrazzo.regions.graphs.row_spread import RowSpread
from terrazzo.regions.graphs.scaling import FeatureMoments, as_scale, standardised
from terrazzo.regions.statistics.features import LATTICE_FEATURES

SETS = {"axon-sem": 16, "bbbc039": 8, "drosophila-ovary": 16, "hesc-phase": 16, "vnc-sstem": 16}
LARGEST = 2048
FEW, DRAWS = (1, 2, 3, 5, 10), 40
RNG = np.random.default_rng(0)

ALTERED: dict[str, Callable[[Any], Any]] = {
    "twice as bright": lambda pixels: 2 * pixels,
    "inverted": lambda pixels: pixels.max() + pixels.min() - pixels,
    "noisy": lambda pixels: pixels + RNG.normal(0, pixels.std(), pixels.shape).astype(np.float32),
    "shuffled": lambda pixels: RNG.permutation(pixels.reshape(-1)).reshape(pixels.shape),
}


def rows_of(pixels: Any, size: int) -> Any:
    """The rows of all superpixels of an image, as the lattice network reads them."""
    recipe = tz.Recipe(len(pixels), tz.SuperpixelParameters((size, size)), LATTICE_FEATURES)
    one, found = superpixels_pass(recipe), []
    sources = Sources(pixels, None, estimates=estimated(estimates_of([one]), da.from_array(pixels)))
    for block in BlockGrid.of(Lattice(pixels.shape[1:], (size, size))):
        table = cell_rows([given_of((one,), block, sources)["rows"]], block.cells, block.lattice)
        found.append(table.rows[table.present])
    return np.concatenate(found)


def share_beyond(fitted_on: list[Any]) -> Callable[[Any], float]:
    """What gives the percentage of an image's superpixels that are unlike those of some images."""
    moments = FeatureMoments.of(np.concatenate(fitted_on))
    mean, std = as_scale(moments.count, moments.mean, moments.squares)
    mean[-3:], std[-3:] = 0, 1
    spread = RowSpread.of(lambda: (standardised(rows, mean, std) for rows in fitted_on))
    return lambda rows: 100 * spread.beyond(standardised(rows, mean, std)) / len(rows)


def said(name: str, what: str, shares: list[float]) -> None:
    print(f"{name:18}{what:28}median {np.median(shares):6.2f}, worst {max(shares):6.2f}", flush=True)


def main(folder: Path) -> None:
    sets, images = {}, {}
    for name, size in SETS.items():
        stored = [tz.open_image(path).stored for path in sorted((folder / name / "images").iterdir())]
        images[name] = [one[:, :LARGEST, :LARGEST] for one in stored]
        sets[name] = [rows_of(pixels, size) for pixels in images[name]]
        own = sets[name]
        for number in sorted({*(few for few in FEW if few < len(own)), len(own) - 1}):
            shares = []
            for _ in range(min(DRAWS, 4 * len(own))):
                order = RNG.permutation(len(own))
                shares.append(share_beyond([own[i] for i in order[:number]])(own[order[number]]))
            said(name, f"fitted on {number}", shares)
    for name, own in sets.items():
        beyond = share_beyond(own)
        for change, altered in ALTERED.items():
            pixels = [altered(one.astype(np.float32)) for one in images[name][:10]]
            said(name, change, [beyond(rows_of(one, SETS[name])) for one in pixels])
        for other, theirs in sets.items():
            if other != name and theirs[0].shape[1] == own[0].shape[1]:
                said(name, f"images of {other}", [beyond(rows) for rows in theirs])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
