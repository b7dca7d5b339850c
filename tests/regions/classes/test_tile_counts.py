import numpy as np

from terrazzo.lattice import Lattice
from terrazzo.regions.classes.tile_counts import TileCounts


def test_annotated_pixels_are_summed_over_tiles_and_empty_tiles_left_out():
    lattice = Lattice((40, 60), (10, 10))
    ids = np.array([1, 2, 7, 6, 24], np.uint32)
    counts = np.array([[3, 0], [0, 0], [2**32 - 1, 5], [0, 1], [0, 0]], np.uint32)
    found = TileCounts.of(ids, counts, lattice, (2, 3))
    assert found.start.tolist() == [[0, 0], [0, 3]]
    assert found.stop.tolist() == [[2, 3], [2, 6]]
    assert found.counts.tolist() == [[2**32 + 2, 5], [0, 1]]


def test_without_annotation_there_are_no_tiles():
    nothing, lattice = np.zeros((1, 2), np.uint32), Lattice((4, 4, 4), (2, 2, 2))
    found = TileCounts.of(np.array([1], np.uint32), nothing, lattice, (1, 1, 1))
    assert found.start.shape == found.stop.shape == (0, 3)
    assert found.counts.shape == (0, 2)
