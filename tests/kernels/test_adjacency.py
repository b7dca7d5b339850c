from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.kernels.adjacency import adjacency
from terrazzo.kernels.slic import first_candidates


@st.composite
def labelled(draw):
    """Return cells that a lattice allows, some pixels without one, the lattice's columns and an image."""
    size = draw(st.tuples(st.integers(2, 6), st.integers(2, 6)))
    shape = draw(st.tuples(st.integers(1, 24), st.integers(1, 24)))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    rows, columns = (-(-n // s) for n, s in zip(shape, size, strict=True))
    row = first_candidates(shape[0], size[0])[:, None] + rng.integers(0, 2, shape)
    column = first_candidates(shape[1], size[1])[None] + rng.integers(0, 2, shape)
    cells = np.clip(row, 0, rows - 1) * columns + np.clip(column, 0, columns - 1)
    cells[rng.random(shape) < draw(st.sampled_from([0, 0.2]))] = -1
    owned = rng.random(rows * columns) < draw(st.sampled_from([0.5, 1]))
    image = rng.standard_normal((draw(st.integers(1, 3)), *shape)).astype(np.float32)
    return cells.astype(np.int32), columns, owned, image


def faces(cells):
    """Yield the two pixels of every face between two pixels."""
    height, width = cells.shape
    for y in range(height):
        for x in range(width):
            if x + 1 < width:
                yield (y, x), (y, x + 1)
            if y + 1 < height:
                yield (y, x), (y + 1, x)


@given(labelled())
def test_edges_are_what_a_walk_over_all_faces_finds(case):
    cells, columns, owned, image = case
    changes = defaultdict(list)
    for a, b in faces(cells):
        low, high = sorted((int(cells[a]), int(cells[b])))
        if low != high and low >= 0 and owned[low]:
            changes[low, high].append(np.abs(image[:, *a].astype(float) - image[:, *b].astype(float)))
    edges, length, contrast = adjacency(cells, columns, owned, image)
    assert list(map(tuple, edges.T.tolist())) == sorted(changes)
    assert length.tolist() == [len(changes[edge]) for edge in sorted(changes)]
    assert contrast.shape == (len(changes), len(image))
    assert np.allclose(contrast, [np.mean(changes[edge], axis=0) for edge in sorted(changes)] or contrast)


def test_two_halves_share_one_boundary():
    cells = np.repeat([[0, 0, 1, 1]], 3, axis=0).astype(np.int32)
    image = np.stack([cells * 5.0, cells * -2.0]).astype(np.float32)
    edges, length, contrast = adjacency(cells, 2, np.ones(2, bool), image)
    assert edges.tolist() == [[0], [1]]
    assert length.tolist() == [3]
    assert contrast.tolist() == [[5.0, 2.0]]


def test_corners_do_not_touch():
    cells = np.array([[0, -1], [-1, 3]], np.int32)
    edges, _, _ = adjacency(cells, 2, np.ones(4, bool), np.zeros((1, 2, 2), np.float32))
    assert edges.shape == (2, 0)


def test_an_edge_belongs_to_the_owner_of_its_lower_region():
    cells, image = np.array([[0, 1, 2]], np.int32), np.zeros((1, 1, 3), np.float32)
    edges, _, _ = adjacency(cells, 3, np.array([False, True, False]), image)
    assert edges.tolist() == [[1], [2]]
