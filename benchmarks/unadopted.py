"""How many pixels stay cut off from their superpixel, of a million, on real images.

python benchmarks/unadopted.py
"""

from __future__ import annotations

import json

from microscopy import pairs_of

import terrazzo as tz
from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.inputs.estimates import lazy_estimate
from terrazzo.models.passes.superpixels import scale_estimate
from terrazzo.regions.superpixels.block_labels import block_labels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

SETS = ("axon-sem", "bbbc039", "hesc-phase", "drosophila-ovary", "vnc-sstem")
IMAGES = 6


def main() -> None:
    for name in SETS:
        for size in (8, 16):
            left = pixels = 0
            for path, _ in pairs_of(name)[:IMAGES]:
                image = tz.open_image(path).data
                lattice = tz.Lattice.of(image, size)
                whole = BlockGrid(lattice, lattice.cells)[0, 0]
                parameters = SuperpixelParameters(lattice.size)
                scale = float(lazy_estimate(scale_estimate(parameters), image).compute())
                labels = block_labels(image.compute(), whole.core, whole, parameters, scale=scale)
                left += labels.unadopted
                pixels += labels.ids.size
            print(json.dumps({"set": name, "size": size, "per_million": round(1e6 * left / pixels)}))


if __name__ == "__main__":
    main()
