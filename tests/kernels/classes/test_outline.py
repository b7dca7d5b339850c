import itertools

import numpy as np

from terrazzo.kernels.classes.outline import CLOSED, outlines, simple_rings


def outlined(picture):
    """The closed outlines of one region in a picture of "#" and "."."""
    known = np.array([[sign == "#" for sign in row] for row in picture], np.int16)
    around = np.pad(known, 1, constant_values=-1)
    corners, offsets, chains = outlines(around, known.astype(np.int32), (0, 0), known.shape[1])
    assert (chains[:, 1:] == CLOSED).all()
    return [corners[a:b].tolist() for a, b in itertools.pairwise(offsets)]


def test_the_outline_of_a_pixel_has_its_four_corners_in_turn():
    assert outlined(["..", ".#"]) == [[[1, 2], [2, 2], [2, 1], [1, 1]]]


def test_corners_are_only_where_the_outline_turns():
    assert sorted(outlined(["###", "###"])[0]) == [[0, 0], [0, 3], [2, 0], [2, 3]]


def test_a_hole_has_an_outline_of_its_own():
    outer, hole = outlined(["###", "#.#", "###"])
    assert sorted(outer) == [[0, 0], [0, 3], [3, 0], [3, 3]]
    assert sorted(hole) == [[1, 1], [1, 2], [2, 1], [2, 2]]


def test_an_outline_that_touches_itself_is_cut_into_rings_that_do_not():
    # the hole opens through a corner: one outline passes that corner twice
    walks = outlined([".###", "#.##", "####"])
    assert len(walks) == 1
    corners, offsets = simple_rings(np.array(walks[0], np.int64), 4)
    rings = [corners[a:b].tolist() for a, b in itertools.pairwise(offsets)]
    assert len(rings) == 2
    for ring in rings:
        assert len({tuple(corner) for corner in ring}) == len(ring)
    assert min(map(len, rings)) == 4


def test_an_outline_that_leaves_the_block_says_where_it_goes_on():
    # the left half of a square of four pixels: its outline comes from the right half and goes back there
    around = np.full((4, 4), -1, np.int16)
    around[1:3, 2:4] = 0
    corners, _, chains = outlines(around, np.array([[0, 1], [0, 1]], np.int32), (0, 0), 4)
    assert corners.tolist() == [[2, 1], [0, 1]]
    east, west = 0, 2
    assert chains.tolist() == [[1, (2 * 5 + 2) * 4 + west, (0 * 5 + 2) * 4 + east]]
