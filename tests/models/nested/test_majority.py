import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.lattice import Lattice
from terrazzo.models.nested.majority import CELLS_ASKED, votes_of_nearest, votes_on_lattice


def slow_votes(positions, classes, number, nearest, may=lambda one, other: True):  # noqa: ARG005
    shares = []
    for one, place in enumerate(positions):
        others = [other for other in range(len(positions)) if may(one, other)]
        others.sort(key=lambda other: (((positions[other] - place) ** 2).sum(), other))
        asked = classes[others[:nearest]]
        shares.append(np.bincount(asked, minlength=number) / len(asked))
    return np.array(shares)


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 99))
@settings(deadline=None, max_examples=20)
def test_votes_are_those_of_the_nearest(nodes, nearest, seed):
    rng = np.random.default_rng(seed)
    positions, classes = rng.random((nodes, 2)), rng.integers(0, 3, nodes)
    assert np.allclose(votes_of_nearest(positions, classes, 3, nearest), slow_votes(positions, classes, 3, nearest))


@pytest.mark.parametrize("size", [(4, 5), (2, 4, 4)])
@given(st.integers(1, 60), st.integers(0, 99), st.booleans())
@settings(deadline=None, max_examples=10)
def test_on_a_lattice_those_near_enough_are_asked_and_the_lower_id_first(size, nearest, seed, equal):
    rng = np.random.default_rng(seed)
    lattice = Lattice(tuple(12 * side for side in size) if len(size) == 2 else (6, 20, 24), size)
    ids = 1 + np.sort(rng.choice(lattice.number_of_cells, lattice.number_of_cells * 2 // 3, replace=False))
    ids = ids.astype(lattice.dtype)
    cells = lattice.cells_of(ids)
    positions = cells * np.array(size) + (0 if equal else rng.random(cells.shape) * size)
    classes, asking = rng.integers(0, 4, len(ids)), np.sort(rng.choice(len(ids), 5, replace=False))
    reach = CELLS_ASKED[len(size)]
    expected = slow_votes(
        positions.astype(float), classes, 4, nearest, lambda a, b: (np.abs(cells[a] - cells[b]) <= reach).all()
    )[asking]
    found = votes_on_lattice(ids, positions.astype(float), classes, asking, lattice, 4, nearest)
    assert np.allclose(found, expected)
