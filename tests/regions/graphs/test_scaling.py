import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from terrazzo.errors import ParameterError
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import LIMIT, FeatureMoments, Scaling


def path_graph(features):
    """A path whose edge k joins the rows k and k + 1."""
    nodes = len(features)
    return RegionGraph(
        ids=np.arange(1, nodes + 1, dtype=np.uint32),
        positions=np.zeros((nodes, 2)),
        areas=np.ones(nodes, np.uint32),
        node_features=np.asarray(features, np.float32),
        edge_index=np.stack([np.arange(nodes - 1), np.arange(1, nodes)]),
        edge_features=np.zeros((nodes - 1, 0), np.float32),
        node_columns=tuple(f"n{i}" for i in range(np.shape(features)[1])),
        edge_columns=(),
    )


def test_training_nodes_get_mean_0_and_spread_1():
    rng = np.random.default_rng(0)
    graphs = [path_graph(rng.normal(7, 3, (n, 4))) for n in (200, 50)]
    rows = [np.arange(20, 150), np.arange(0, 50, 1)]
    scaling = Scaling.fit(graphs, rows)
    nodes = np.vstack([scaling.nodes(g.node_features[r]) for g, r in zip(graphs, rows, strict=True)])
    assert np.allclose(nodes.mean(axis=0), 0, atol=1e-4)
    assert np.allclose(nodes.std(axis=0), 1, atol=1e-4)


def test_other_nodes_do_not_change_the_scaling():
    features, rows = np.random.default_rng(1).random((30, 2)), np.arange(10, 20)
    first = Scaling.fit([path_graph(features)], [rows])
    features[:10], features[20:] = 1e6, -1e6
    second = Scaling.fit([path_graph(features)], [rows])
    assert np.array_equal(first.node_mean, second.node_mean)
    assert np.array_equal(first.node_std, second.node_std)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e-30, 12345.678, 1e30])
def test_a_constant_column_has_the_scale_1(value):
    scaling = Scaling.fit([path_graph(np.full((1001, 1), value))], [np.arange(1001)])
    assert scaling.node_std.tolist() == [1.0]
    assert np.allclose(scaling.nodes(np.full((3, 1), value, np.float32)), 0)


def test_a_large_offset_does_not_cancel_the_spread():
    values = 1e5 + np.random.default_rng(2).normal(0, 1, (5000, 1))
    scaling = Scaling.fit([path_graph(values)], [np.arange(5000)])
    assert scaling.node_std[0] == pytest.approx(np.float32(values).astype(float).std(), rel=1e-5)


def test_a_missing_value_is_left_out_and_becomes_the_mean():
    scaling = Scaling.fit([path_graph([[1.0], [np.nan], [3.0], [np.inf]])], [np.arange(4)])
    assert scaling.node_mean.tolist() == [2.0]
    assert scaling.nodes(np.array([[np.nan], [np.inf]], np.float32)).tolist() == [[0.0], [LIMIT]]


anything = arrays(np.float32, (6, 2), elements=st.floats(width=32))


@settings(deadline=None)
@given(anything, anything)
def test_scaled_features_are_always_finite_float32(seen, unseen):
    scaling = Scaling.fit([path_graph(seen)], [np.arange(6)])
    for features in (seen, unseen):
        scaled = scaling.nodes(features)
        assert scaled.dtype == np.float32
        assert np.isfinite(scaled).all()


def test_no_training_node_is_refused():
    with pytest.raises(ParameterError, match="no training node"):
        Scaling.fit([path_graph(np.ones((3, 1)))], [np.array([], dtype=int)])


def test_rows_must_be_given_for_every_graph():
    with pytest.raises(ParameterError, match="1 graphs have 2 sets"):
        Scaling.fit([path_graph(np.ones((3, 1)))], [np.array([0]), np.array([0])])


def test_features_with_other_columns_are_refused():
    scaling = Scaling.fit([path_graph(np.ones((3, 1)))], [np.arange(3)])
    with pytest.raises(ParameterError, match="scaling of 1 columns"):
        scaling.nodes(np.ones((3, 2), np.float32))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.floats(-1e4, 1e4), st.integers(0, 99))
def test_moments_of_tables_add_up_to_those_of_all_rows(lengths, mean, seed):
    rng = np.random.default_rng(seed)
    tables = [(rng.standard_normal((n, 3)) + mean).astype(np.float32) for n in lengths]
    for table in tables:
        table[rng.random(table.shape) < 0.2] = np.nan
    whole, summed = FeatureMoments.of(np.concatenate(tables)), FeatureMoments.of(tables[0])
    for table in tables[1:]:
        summed = summed + FeatureMoments.of(table)
    for name in ("count", "mean", "squares"):
        assert np.allclose(getattr(summed, name), getattr(whole, name), rtol=1e-9, atol=1e-6)
    values = np.concatenate(tables).astype(np.float64)
    some = np.isfinite(values).any(axis=0)
    spread = np.nanvar(values[:, some], axis=0)
    assert np.allclose((whole.squares / np.maximum(whole.count, 1))[some], spread, rtol=1e-9, atol=1e-6)
    assert (whole.count == np.isfinite(values).sum(axis=0)).all()
