import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.regions.graphs import row_spread
from terrazzo.regions.graphs.row_spread import SHRINKAGE, WITHIN, RowSpread


def drawn(number=4000, columns=5, seed=0):
    """Rows whose columns hang together."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(number, columns)) @ rng.normal(size=(columns, columns)) + 0.5).astype(np.float32)


def spread_of(rows, parts=1):
    return RowSpread.of(lambda: np.array_split(rows, parts))


def test_the_distance_is_that_of_mahalanobis_with_a_little_more_variance():
    rows = drawn()
    apart = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    inverse = np.linalg.inv(apart.T @ apart / len(rows) + SHRINKAGE * np.eye(5))
    expected = np.sqrt(np.einsum("ni,ij,nj->n", apart, inverse, apart) / 5)
    assert np.allclose(spread_of(rows).distances(rows), expected)


def test_columns_count_by_themselves_where_there_are_many(monkeypatch):
    monkeypatch.setattr(row_spread, "MOST_CORRELATED", 4)
    rows = drawn()
    spread = spread_of(rows)
    scaled = (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + SHRINKAGE)
    assert spread.axes.shape == (5,)
    assert np.allclose(spread.distances(rows), np.sqrt(np.square(scaled).mean(axis=1)), rtol=1e-4)


@given(st.integers(1, 3000), st.integers(1, 6), st.integers(0, 99))
def test_about_one_row_in_a_thousand_of_the_fit_lies_beyond_and_never_more(number, parts, seed):
    rows = drawn(number, seed=seed)
    spread = spread_of(rows, parts)
    assert spread.beyond(rows) <= (1 - WITHIN) * number + 1e-9
    squares = np.square(spread.distances(rows))
    from_others = np.sqrt(squares / np.maximum(1 - 5 * squares / number, 1e-12))
    assert (from_others > spread.farthest * (1 + 1e-9)).sum() <= (1 - WITHIN) * number + 1e-9
    # the next step inwards of a hundredth would leave out more
    assert (from_others > spread.farthest / 1.012).sum() > (1 - WITHIN) * number - 1


def test_the_distance_of_a_row_is_that_from_the_others():
    rows = drawn(30)
    rows -= rows.mean(axis=0)
    spread = spread_of(rows)
    apart = []
    for left_out in range(30):
        others = np.delete(rows, left_out, axis=0).astype(np.float64)
        inverse = np.linalg.inv(others.T @ others / 30 + SHRINKAGE * np.eye(5))
        apart.append(np.sqrt(rows[left_out] @ inverse @ rows[left_out] / 5))
    assert spread.farthest / 2 ** (1 / 64) < max(apart) * (1 + 1e-5)
    assert spread.farthest > max(apart) * (1 - 1e-5)


def test_few_rows_in_many_columns_do_not_make_others_like_them_unlike():
    rows = np.random.default_rng(0).normal(size=(2064, 60)).astype(np.float32)
    assert spread_of(rows[:64]).beyond(rows[64:]) < 0.15 * 2000


@given(st.integers(0, 9), st.lists(st.integers(1, 9000), max_size=4), st.booleans())
def test_a_row_is_as_far_whichever_others_come_with_it(seed, cuts, together):
    rows = drawn(9000, 6, seed=seed)
    spread = spread_of(rows)
    if not together:
        spread = RowSpread(spread.middle, np.diag(spread.axes).copy(), spread.farthest)
    whole = spread.distances(rows)
    parts = np.split(rows, sorted(cuts))
    assert np.array_equal(np.concatenate([spread.distances(part) for part in parts]), whole)
    assert sum(map(spread.beyond, parts)) == spread.beyond(rows)
    assert np.array_equal(spread.distances(np.asfortranarray(rows)), whole)


def test_rows_that_are_ordinary_column_by_column_and_not_together_lie_beyond():
    rows = drawn()
    strange = np.random.default_rng(1).permuted(rows, axis=0)
    assert spread_of(rows).beyond(strange) > 0.1 * len(rows)


def test_columns_that_do_not_vary_and_the_largest_scaled_values_are_no_obstacle():
    rows = np.zeros((100, 3), np.float32)
    rows[:, 0] = 1e4 * np.arange(100)
    rows[:50, 0] *= -1
    spread = spread_of(rows.clip(-1e4, 1e4))
    assert np.isfinite(spread.distances(rows)).all()
    assert spread.beyond(rows.clip(-1e4, 1e4)) == 0


def test_of_no_row_there_is_none_and_no_row_lies_beyond():
    assert RowSpread.of(lambda: [np.empty((0, 3), np.float32)]) is None
    assert spread_of(drawn()).beyond(np.empty((0, 5), np.float32)) == 0


def test_it_is_restored_from_its_arrays_and_those_of_other_columns_are_refused():
    spread = spread_of(drawn())
    again = RowSpread.restored(spread.arrays(), 5)
    assert again.farthest == spread.farthest
    assert np.array_equal(again.distances(drawn()), spread.distances(drawn()))
    with pytest.raises(ValueError, match="for 4 columns"):
        RowSpread.restored(spread.arrays(), 4)
