import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terrazzo.io.results.tables import edge_table, node_table, read_block_graph, write_part
from terrazzo.regions.graphs.block_graph import BlockGraph

COLUMNS, EDGE_COLUMNS = ("mean", "std", "area"), ("boundary_length", "contrast_0")
floats = st.floats(width=32, allow_nan=False)


@st.composite
def block_graphs(draw):
    nodes, edges, axes = draw(st.integers(0, 8)), draw(st.integers(0, 8)), draw(st.sampled_from([2, 3]))
    ids = hnp.arrays(draw(st.sampled_from([np.uint32, np.uint64])), st.just(nodes))
    dtype = draw(ids).dtype
    return BlockGraph(
        draw(hnp.arrays(dtype, nodes)),
        draw(hnp.arrays(np.float64, (nodes, axes), elements=st.floats(0, 1e9))),
        draw(hnp.arrays(np.uint32, nodes)),
        draw(hnp.arrays(np.float32, (nodes, 3), elements=floats)),
        draw(hnp.arrays(dtype, (2, edges))),
        draw(hnp.arrays(np.float32, (edges, 2), elements=floats)),
    )


def write(graph, folder, probabilities=None):
    nodes, edges = folder / "nodes.parquet", folder / "edges.parquet"
    write_part(node_table(graph, COLUMNS, probabilities), nodes)
    write_part(edge_table(graph, EDGE_COLUMNS), edges)
    return nodes, edges


@given(block_graphs())
def test_a_block_graph_comes_back_as_it_was_written(tmp_path_factory, graph):
    read = read_block_graph(*write(graph, tmp_path_factory.mktemp("part")))
    for name in ("ids", "positions", "areas", "node_features", "edges", "edge_features"):
        mine, theirs = getattr(graph, name), getattr(read, name)
        assert mine.dtype == theirs.dtype
        assert np.array_equal(mine, theirs)


@pytest.fixture
def graph():
    return BlockGraph(
        np.array([3, 7, 2**33], np.uint64),
        np.array([[0.5, 1.5], [2, 3], [4, 5]]),
        np.array([10, 20, 30], np.uint32),
        np.arange(9, dtype=np.float32).reshape(3, 3),
        np.array([[3], [7]], np.uint64),
        np.array([[4, 0.5]], np.float32),
    )


PROBABILITIES = np.array([[0.1, 0.9], [0.5, 0.5], [1, 0]], np.float32)


def test_a_table_can_be_read_by_pandas(tmp_path, graph):
    pandas = pytest.importorskip("pandas")
    nodes, edges = write(graph, tmp_path, PROBABILITIES)
    frame = pandas.read_parquet(nodes)
    assert frame.columns.tolist() == ["id", "y", "x", "area", "features", "class", "probabilities"]
    assert frame["id"].tolist() == [3, 7, 2**33]
    assert frame["class"].tolist() == [1, 0, 0]
    assert np.stack(frame["features"].to_list()).tolist() == graph.node_features.tolist()
    assert pandas.read_parquet(edges)[["low", "high"]].to_numpy().tolist() == [[3, 7]]


def test_the_nodes_of_a_volume_have_z_in_front_of_y(tmp_path, graph):
    volume = replace(graph, positions=np.insert(graph.positions, 0, [7, 8, 9], axis=1))
    nodes, _ = write(volume, tmp_path, PROBABILITIES)
    assert pq.read_schema(nodes).names == ["id", "z", "y", "x", "area", "features", "class", "probabilities"]
    assert pq.read_table(nodes)["z"].to_pylist() == [7, 8, 9]


def test_a_table_names_its_features(tmp_path, graph):
    nodes, edges = write(graph, tmp_path)
    assert json.loads(pq.read_schema(nodes).metadata[b"features"]) == list(COLUMNS)
    assert json.loads(pq.read_schema(edges).metadata[b"features"]) == list(EDGE_COLUMNS)


def test_a_table_with_classes_still_gives_the_graph(tmp_path, graph):
    read = read_block_graph(*write(graph, tmp_path, PROBABILITIES))
    assert np.array_equal(read.node_features, graph.node_features)


def test_a_part_is_replaced_whole_and_nothing_else_is_left(tmp_path, graph):
    write(graph, tmp_path)
    nodes, edges = write(graph, tmp_path, PROBABILITIES)
    assert sorted(tmp_path.iterdir()) == [edges, nodes]
    assert "class" in pq.read_schema(nodes).names
