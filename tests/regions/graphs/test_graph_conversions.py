import sys

import numpy as np
import pytest
from segmented import blobs, graph_of, grid_of, segment, small_recipe

from terrazzo.errors import ParameterError
from terrazzo.regions.graphs.region_graph import RegionGraph


def graph_with(nodes, edges, axes=2):
    """A graph with random features and ids 10, 20, …"""
    rng = np.random.default_rng(0)
    return RegionGraph(
        ids=np.arange(1, nodes + 1, dtype=np.uint32) * 10,
        positions=rng.random((nodes, axes)) * 100,
        areas=rng.integers(1, 300, nodes).astype(np.uint32),
        node_features=rng.standard_normal((nodes, 3)).astype(np.float32),
        edge_index=np.array(sorted(edges), dtype=np.int64).reshape(-1, 2).T,
        edge_features=rng.standard_normal((len(edges), 2)).astype(np.float32),
        node_columns=("a", "b", "c"),
        edge_columns=("p", "q"),
    )


def test_dgl_gets_every_edge_in_both_directions():
    graph = graph_with(5, [(0, 1), (1, 3), (0, 4)])
    dgl_graph = graph.to_dgl()
    source, destination = (ends.numpy() for ends in dgl_graph.edges(order="eid"))
    low, high = graph.edge_index
    assert dgl_graph.num_nodes() == 5
    assert source.tolist() == [*low, *high]
    assert destination.tolist() == [*high, *low]
    assert np.array_equal(dgl_graph.ndata["features"].numpy(), graph.node_features)
    assert np.array_equal(dgl_graph.ndata["position"].numpy(), graph.positions)
    assert dgl_graph.ndata["id"].tolist() == graph.ids.tolist()
    assert dgl_graph.ndata["area"].tolist() == graph.areas.tolist()
    assert np.array_equal(dgl_graph.edata["features"].numpy(), np.vstack([graph.edge_features] * 2))


def test_networkx_gets_ids_and_attributes():
    graph = graph_with(5, [(0, 1), (1, 3), (0, 4)])
    network = graph.to_networkx()
    assert sorted(network.nodes) == graph.ids.tolist()
    assert {tuple(sorted(edge)) for edge in network.edges} == {(10, 20), (20, 40), (10, 50)}
    assert network.nodes[30]["position"] == tuple(graph.positions[2])
    assert network.nodes[30]["area"] == graph.areas[2]
    assert np.array_equal(network.nodes[30]["features"], graph.node_features[2])
    assert np.array_equal(network.edges[40, 20]["features"], graph.edge_features[2])


def test_pyg_gets_every_edge_in_both_directions():
    pytest.importorskip("torch_geometric")
    graph = graph_with(5, [(0, 1), (1, 3), (0, 4)])
    data = graph.to_pyg()
    assert data.validate()
    assert data.is_undirected()
    low, high = graph.edge_index
    assert data.edge_index.tolist() == [[*low, *high], [*high, *low]]
    assert np.array_equal(data.edge_attr.numpy(), np.vstack([graph.edge_features] * 2))
    assert np.array_equal(data.x.numpy(), graph.node_features)
    assert np.allclose(data.pos.numpy(), graph.positions)
    assert data.area.tolist() == graph.areas.tolist()
    assert data.id.tolist() == graph.ids.tolist()


@pytest.mark.parametrize("axes", [2, 3])
def test_anndata_gets_the_keys_that_squidpy_looks_for(axes, tmp_path):
    anndata = pytest.importorskip("anndata")
    graph = graph_with(5, [(0, 1), (1, 3), (0, 4)], axes)
    graph.to_anndata().write_h5ad(tmp_path / "graph.h5ad")
    table = anndata.read_h5ad(tmp_path / "graph.h5ad")
    assert table.obs_names.tolist() == ["10", "20", "30", "40", "50"]
    assert table.var_names.tolist() == ["a", "b", "c"]
    assert np.array_equal(table.X, graph.node_features)
    assert table.obs["area"].tolist() == graph.areas.tolist()
    assert np.array_equal(table.obsm["spatial"], graph.positions[:, ::-1])
    keys = table.uns["spatial_neighbors"]
    connected, distances = (table.obsp[keys[f"{name}_key"]].toarray() for name in ("connectivities", "distances"))
    expected = np.zeros((5, 5))
    low, high = graph.edge_index
    expected[low, high] = expected[high, low] = 1
    assert np.array_equal(connected, expected)
    between = np.linalg.norm(graph.positions[:, None] - graph.positions[None], axis=2)
    assert np.allclose(distances, between * expected)
    assert np.array_equal(table.obsp["q"].toarray()[high, low], graph.edge_features[:, 1])


@pytest.mark.parametrize(
    ("method", "module", "sizes_of"),
    [
        ("to_dgl", "dgl", lambda found: (found.num_nodes(), found.num_edges())),
        ("to_pyg", "torch_geometric", lambda found: (found.num_nodes, found.num_edges)),
        ("to_networkx", "networkx", lambda found: (found.number_of_nodes(), found.number_of_edges())),
        ("to_anndata", "anndata", lambda found: (found.n_obs, found.obsp["spatial_connectivities"].nnz)),
    ],
)
def test_a_graph_without_edges_converts(method, module, sizes_of):
    pytest.importorskip(module)
    assert sizes_of(getattr(graph_with(3, []), method)()) == (3, 0)


def test_the_graph_of_an_image_converts():
    pytest.importorskip("anndata")
    recipe = small_recipe()
    graph = graph_of(segment(blobs(), grid_of((60, 70)), recipe), recipe)
    table = graph.to_anndata()
    assert table.shape == (graph.number_of_nodes, len(graph.node_columns))
    assert table.obsp["boundary_length"].nnz == 2 * graph.number_of_edges


@pytest.mark.parametrize(
    ("method", "module", "install"),
    [
        ("to_dgl", "dgl", "dgl"),
        ("to_pyg", "torch_geometric.data", "'terrazzo\\[pyg]'"),
        ("to_networkx", "networkx", "'terrazzo\\[networkx]'"),
        ("to_anndata", "anndata", "'terrazzo\\[anndata]'"),
    ],
)
def test_a_package_that_is_missing_is_named_with_what_installs_it(method, module, install, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        ParameterError, match=f"^{method} needs {module.split('.')[0]}, which .*; pip install {install}$"
    ):
        getattr(graph_with(2, [(0, 1)]), method)()
