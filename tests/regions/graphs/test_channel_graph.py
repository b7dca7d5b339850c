import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from terrazzo.regions.graphs.channel_graph import channel_graph, correlations, entries_by_depth


def table(nodes, channels, seed=0):
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((nodes, 3)) @ rng.standard_normal((3, channels))
    return (5 + shared + rng.standard_normal((nodes, channels))).astype(np.float32)


def slow_correlations(values):
    """Pearson over nodes, of what the principal components of the nodes show where there are many."""
    shown = values.astype(np.float64)
    if len(shown) > 20:
        analysis = PCA(0.95, svd_solver="full").fit(shown.T)
        centred = analysis.transform(shown.T) @ analysis.components_
        # scikit-learn centres each node over the channels, as is stated
        shown = centred.T
    return np.corrcoef(shown.T)


@given(st.integers(2, 60), st.integers(2, 40), st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_correlations_are_those_of_scikit_learns_components_and_numpy(nodes, channels, seed):
    values = table(nodes, channels, seed)
    assert np.allclose(correlations(values), slow_correlations(values), atol=1e-6)


@given(st.integers(2, 50), st.integers(2, 30), st.floats(0, 7), st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_the_largest_entries_are_kept_in_pairs(nodes, channels, entries, seed):
    values = table(nodes, channels, seed)
    found = channel_graph(values, entries)
    matrix = correlations(values)
    inside = np.zeros((channels, channels), bool)
    inside[found.places, found.sources] = True
    assert inside.sum() == len(found.places)
    assert np.array_equal(inside, inside.T)
    assert inside.diagonal().all()
    wanted = int(entries * channels)
    kept = int(inside.sum())
    assert kept == min(max(channels, wanted + (wanted - channels) % 2), channels**2)
    off = ~np.eye(channels, dtype=bool)
    if (inside & off).any() and (~inside).any():
        assert matrix[inside & off].min() >= matrix[~inside].max() - 1e-12


def test_equal_correlations_go_to_the_lower_channels():
    values = np.repeat(np.arange(5.0)[:, None], 4, axis=1)
    assert channel_graph(values, 1.5).pairs.tolist() == [[0], [1]]


def test_channels_that_do_not_vary_hear_themselves_alone():
    values = table(30, 6)
    values[:, 2], values[:, 4] = 0, 7
    found = channel_graph(values, 6.0)
    assert set(found.pairs.ravel()) == {0, 1, 3, 5}
    assert np.isnan(correlations(values)[2]).all()
    assert np.isfinite(correlations(values)[np.ix_([0, 1, 3, 5], [0, 1, 3, 5])]).all()


def test_of_constant_channels_alone_or_of_one_node_there_is_no_pair():
    assert channel_graph(np.ones((30, 5)), 3.0).pairs.size == 0
    assert channel_graph(table(1, 5), 3.0).pairs.size == 0


def test_the_order_of_places_is_that_of_who_hears():
    found = channel_graph(table(40, 9), 3.0)
    assert (np.diff(found.places) >= 0).all()
    assert set(found.places) == set(range(9))


@pytest.mark.parametrize(
    ("depth", "channels", "entries"),
    [(1e5, 1020, 0.35 * (np.log(990) - 1)), (4e5, 1020, 0.7 * (np.log(990) - 1)), (1e9, 3000, 7.0), (1e5, 31, 0.0)],
)
def test_how_many_entries_are_kept_follows_from_the_depth(depth, channels, entries):
    assert entries_by_depth(depth, channels) == pytest.approx(entries)
