import numpy as np
import reference
from hypothesis import given
from hypothesis import strategies as st
from lattice_labels import random_labels

from terrazzo.kernels.superpixels.adjacency import adjacency
from terrazzo.lattice import Lattice


@st.composite
def labelled(draw):
    """Return cells that a lattice allows, some pixels without one, the lattice's cells and an image."""
    image = draw(st.booleans())
    shape = draw(st.tuples(*(st.integers(1, 24 if image else 9) for _ in range(2 if image else 3))))
    size = draw(st.tuples(*(st.integers(2, 6 if image else 4) for _ in shape)))
    lattice, seed = Lattice(shape, size).as_volume, draw(st.integers(0, 9999))
    cells = random_labels(lattice, seed, draw(st.sampled_from([0, 0.2]))).astype(np.int32) - 1
    rng = np.random.default_rng(seed)
    owned = rng.random(lattice.number_of_cells) < draw(st.sampled_from([0.5, 1]))
    return cells, lattice.cells, owned, rng.standard_normal((draw(st.integers(1, 3)), *cells.shape)).astype(np.float32)


@given(labelled())
def test_edges_are_what_a_walk_over_all_faces_finds(case):
    cells, box, owned, image = case
    found = reference.edges_of(cells + 1, image)
    expected = {(low - 1, high - 1): of for (low, high), of in found.items() if owned[low - 1]}
    edges, faces, contrast = adjacency(cells, box, owned, image)
    assert list(map(tuple, edges.T.tolist())) == list(expected)
    assert faces.tolist() == [number for number, _ in expected.values()]
    assert contrast.shape == (len(expected), len(image))
    assert np.allclose(contrast, [mean for _, mean in expected.values()] or contrast)


def test_two_halves_share_one_boundary():
    cells = np.repeat([[[0, 0, 1, 1]]], 3, axis=1).astype(np.int32)
    image = np.stack([cells * 5.0, cells * -2.0]).astype(np.float32)
    edges, faces, contrast = adjacency(cells, (1, 1, 2), np.ones(2, bool), image)
    assert edges.tolist() == [[0], [1]]
    assert faces.tolist() == [3]
    assert contrast.tolist() == [[5.0, 2.0]]


def test_a_boundary_between_sections_counts_faces():
    cells = np.repeat([[[0]], [[1]]], 12, axis=2).reshape(2, 3, 4).astype(np.int32)
    edges, faces, contrast = adjacency(cells, (2, 1, 1), np.ones(2, bool), cells[None].astype(np.float32) * 7)
    assert edges.tolist() == [[0], [1]]
    assert faces.tolist() == [12]
    assert contrast.tolist() == [[7.0]]


def test_corners_do_not_touch():
    cells = np.array([[[0, -1], [-1, 3]]], np.int32)
    edges, _, _ = adjacency(cells, (1, 2, 2), np.ones(4, bool), np.zeros((1, 1, 2, 2), np.float32))
    assert edges.shape == (2, 0)


def test_an_edge_belongs_to_the_owner_of_its_lower_region():
    cells, image = np.array([[[0, 1, 2]]], np.int32), np.zeros((1, 1, 1, 3), np.float32)
    edges, _, _ = adjacency(cells, (1, 1, 3), np.array([False, True, False]), image)
    assert edges.tolist() == [[1], [2]]


@given(labelled(), st.data())
def test_a_crop_that_holds_an_edge_gives_its_bits(case, data):
    cells, box, owned, image = case
    start = [data.draw(st.integers(0, n - 1)) for n in cells.shape]
    cut = tuple(slice(a, None) for a in start)
    edges, _, contrast = adjacency(cells, box, owned, image)
    outside = np.ones(cells.shape, bool)
    outside[cut] = False
    blanked = np.setdiff1d(np.arange(owned.size), cells[outside])
    part_edges, _, part_contrast = adjacency(cells[cut], box, owned, image[(slice(None), *cut)])
    whole = np.isin(edges, blanked).all(axis=0)
    part = np.isin(part_edges, blanked).all(axis=0)
    assert np.array_equal(edges[:, whole], part_edges[:, part])
    assert np.array_equal(contrast[whole], part_contrast[part])
