import numpy as np
import pytest
from segmented import blobs, graph_of, grid_of, segment, small_recipe

from terrazzo.blocks import Box
from terrazzo.regions.graphs.merge import near_graph, seeded_in

GRID, RECIPE = grid_of((60, 70)), small_recipe()
FOUND = segment(blobs(), GRID, RECIPE)


@pytest.mark.parametrize("box", [Box((0, 0), (10, 12)), Box((3, 2), (7, 9)), Box((4, 4), (5, 5))])
def test_the_graph_near_is_the_whole_graphs_part_in_the_box(box):
    graph, parts = graph_of(FOUND, RECIPE), [FOUND[block.index][1] for block in GRID.touching(box)]
    rows = np.flatnonzero(seeded_in(graph.ids, box, GRID.lattice))
    assert 0 < len(rows) <= box.shape[0] * box.shape[1]
    assert near_graph(parts, box, GRID.lattice, RECIPE).equals(graph.subgraph(rows))


def test_what_is_seeded_in_a_box_of_a_volume():
    lattice = grid_of((8, 12, 15), (2, 4, 3), (2, 2, 2)).lattice
    ids = np.arange(1, lattice.number_of_cells + 1, dtype=np.uint32)
    expected = np.zeros(lattice.cells, bool)
    expected[1:3, 0:2, 4:5] = True
    assert np.array_equal(seeded_in(ids, Box((1, 0, 4), (3, 2, 5)), lattice), expected.ravel())
