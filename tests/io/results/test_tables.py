import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from segmented import blobs, graph_of, grid_of, segment, small_recipe
from written import finish, write_classes, write_segments

from terrazzo.errors import InputError
from terrazzo.io.results.new_result import create_result
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


NAMES = ("ground", "open water")
FEATURES = ["feature_area", *small_recipe().node_columns[1:]]


def finished(path, shape=(60, 70), size=(6, 6)):
    """Write a result of several blocks whose probabilities are known; return it with its graph."""
    grid, recipe = grid_of(shape, size, (4,) * len(size)), small_recipe(size=size)
    found = segment(blobs(shape), grid, recipe)
    columns = {"node_columns": recipe.node_columns, "edge_columns": recipe.edge_columns, "class_names": NAMES}
    result = create_result(path, grid, **columns, colours=("#000000", "#ffffff"), pixel_size=None, made_from={})
    for block in grid:
        labels, graph = found[block.index]
        ids = labels.cut(block.core)
        write_segments(result, block, ids, graph)
        write_classes(result, block, np.zeros(ids.shape, np.uint8), graph, probabilities_of(graph.ids))
    finish(result, {})
    return result, graph_of(found, recipe)


def probabilities_of(ids):
    first = (ids % 8 / 8).astype(np.float32)
    return np.stack([first, 1 - first], axis=1)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("frames") / "result.zarr")


def test_the_graph_of_a_result_is_the_graph_that_was_written(written):
    result, graph = written
    assert result.graph().equals(graph)


def test_nodes_are_a_dask_dataframe_with_a_partition_per_block(written):
    result, graph = written
    nodes = result.nodes
    assert nodes.npartitions == len(result.grid)
    names = [f"probability_{name}" for name in NAMES]
    assert list(nodes.columns) == ["id", "y", "x", "area", *FEATURES, "class", *names]
    frame = nodes.compute().sort_values("id")
    assert dict(frame.dtypes) == dict(nodes.dtypes)
    assert np.array_equal(frame["id"], graph.ids)
    assert np.array_equal(frame[["y", "x"]], graph.positions)
    assert np.array_equal(frame["area"], graph.areas)
    assert np.array_equal(frame[FEATURES], graph.node_features)
    assert np.array_equal(frame[names], probabilities_of(graph.ids))
    assert np.array_equal(frame["class"], probabilities_of(graph.ids).argmax(axis=1))


def test_edges_are_a_dask_dataframe_of_ids(written):
    result, graph = written
    frame = result.edges.compute().sort_values(["low", "high"])
    assert list(frame.columns) == ["low", "high", "boundary_length", "contrast_0"]
    assert np.array_equal(frame[["low", "high"]].T, graph.ids[graph.edge_index])
    assert np.array_equal(frame[["boundary_length", "contrast_0"]], graph.edge_features)


def test_statistics_of_classes_need_no_more_than_dask(written):
    result, graph = written
    means = result.nodes.groupby("class")["mean_0"].mean().compute()
    classes = probabilities_of(graph.ids).argmax(axis=1)
    mean = graph.node_features[:, graph.node_columns.index("mean_0")].astype(np.float64)
    assert means.to_dict() == pytest.approx({c: mean[classes == c].mean() for c in (0, 1)}, rel=1e-6)


def test_the_nodes_of_a_volume_have_z(tmp_path):
    result, graph = finished(tmp_path / "volume.zarr", (12, 20, 26), (3, 5, 5))
    assert np.array_equal(result.nodes.compute().sort_values("id")[["z", "y", "x"]], graph.positions)
    assert result.graph().equals(graph)


def test_only_a_finished_result_has_tables(tmp_path):
    result, _ = finished(tmp_path / "result.zarr")
    run = tmp_path / "result.zarr" / "run.json"
    run.write_text(json.dumps(result.run | {"finished": False}))
    for read in (lambda: result.nodes, lambda: result.edges, result.graph):
        with pytest.raises(InputError, match="is not finished; run the same terrazzo predict again to finish it"):
            read()


def test_a_worker_that_writes_results_does_not_load_pandas():
    probe = (
        "import sys, terrazzo.io.results.result; sys.exit('pandas' in sys.modules or 'dask.dataframe' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
