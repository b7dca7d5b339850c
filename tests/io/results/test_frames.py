import json
import subprocess
import sys

import numpy as np
import pytest
from segmented import blobs, graph_of, grid_of, segment, small_recipe
from written import finish, write_classes, write_segments

from terrazzo.errors import InputError
from terrazzo.io.results.new_result import create_result

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
