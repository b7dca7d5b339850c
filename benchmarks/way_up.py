"""What the lattice network saves where its way up looks no farther around than what is asked for needs.

python benchmarks/way_up.py

A network of the default shape on the window of a middle block of 1024 and of 2048 pixels, with and without, in turns.
"""

from __future__ import annotations

import statistics
import time

import torch

from terrazzo.blocks import Block, Box
from terrazzo.lattice import Lattice
from terrazzo.models.kinds import unfitted
from terrazzo.models.lattice.embed_block import ASKED_MARGIN, window_of_cells
from terrazzo.models.lattice.model import LatticeModel
from terrazzo.models.messages.grid_passing import GridPassing
from terrazzo.models.messages.receptive_field import way_up
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

SIZE, CELLS, ROUNDS = 16, 1024, 9


def main() -> None:
    torch.set_num_threads(1)
    model = unfitted(1, SuperpixelParameters(SIZE))
    assert isinstance(model, LatticeModel)
    network, levels = model.network, model.settings.coarser
    for side in (64, 128):
        lattice = Lattice((CELLS * SIZE,) * 2, (SIZE, SIZE))
        block = Block((2, 2), Box((2 * side,) * 2, (3 * side,) * 2), lattice)
        window, asked = window_of_cells(block, model.settings), block.cells_with(ASKED_MARGIN)
        extent = tuple(count + -count % 2**levels for count in window.shape)
        inside = asked.within(window)
        wanted = Box(tuple(part.start for part in inside), tuple(part.stop for part in inside))
        looked_at = way_up(wanted, extent, model.settings)
        rows, there = torch.randn(1, *extent, network.config.node_columns), torch.ones(1, *extent, dtype=torch.bool)
        whole, part, difference = [], [], 0.0
        with torch.inference_mode():
            for _ in range(ROUNDS):
                began = time.process_time()
                expected = network(GridPassing(there, levels), rows)[0]
                between = time.process_time()
                found = network(GridPassing(there, levels, looked_at), rows)[0]
                whole.append(between - began)
                part.append(time.process_time() - between)
                away = found[wanted.within(looked_at[0])] - expected[wanted.slices]
                difference = max(difference, float(away.abs().max()))
        ratio = statistics.median(b / a for a, b in zip(whole[1:], part[1:], strict=True))
        print(f"{side * SIZE} pixels: {extent} cells, {ratio:.2f} of the core-seconds, at most {difference:.1g} away")


if __name__ == "__main__":
    main()
