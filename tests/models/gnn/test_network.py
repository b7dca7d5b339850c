import dataclasses
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.errors import ParameterError
from terrazzo.models.gnn.network import GNN, GNNConfig
from terrazzo.models.messages.message_passing import both_directions, message_passing
from terrazzo.models.messages.message_passing_dgl import why_dgl_cannot
from terrazzo.regions.graphs.region_graph import RegionGraph

needs_dgl = pytest.mark.skipif(why_dgl_cannot("cpu") is not None, reason=f"{why_dgl_cannot('cpu')}")
BACKENDS = ["torch", pytest.param("dgl", marks=needs_dgl)]
AGGREGATIONS = ["mean", "attention"]


def graph_of(nodes, pairs, seed):
    rng = np.random.default_rng(seed)
    edges = sorted({(min(p), max(p)) for p in pairs if p[0] != p[1]})
    return RegionGraph(
        ids=np.arange(nodes, dtype=np.uint32),
        positions=np.zeros((nodes, 2)),
        areas=np.ones(nodes, np.uint32),
        node_features=rng.standard_normal((nodes, 5)).astype(np.float32),
        edge_index=np.array(edges, dtype=np.int64).reshape(-1, 2).T,
        edge_features=rng.standard_normal((len(edges), 2)).astype(np.float32),
        node_columns=tuple("abcde"),
        edge_columns=tuple("pq"),
    )


@st.composite
def graphs(draw):
    nodes = draw(st.integers(1, 30))
    row = st.integers(0, nodes - 1)
    return graph_of(nodes, draw(st.lists(st.tuples(row, row), max_size=45)), draw(st.integers(0, 99)))


def network_of(seed=0, **changes):
    config = GNNConfig(**{"node_features": 5, "edge_features": 2, "classes": 3, "width": 16, "heads": 4} | changes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return GNN(config).eval()


def logits_of(network, graph, backend):
    passing = message_passing(graph.edge_index, graph.number_of_nodes, device="cpu", backend=backend)
    edge_features = both_directions(torch.tensor(graph.edge_features))
    with torch.inference_mode():
        return network(passing, torch.tensor(graph.node_features), edge_features).numpy()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@settings(max_examples=40, deadline=None)
@given(graphs(), st.integers(0, 5), st.data())
def test_a_block_with_its_ring_gets_the_logits_of_the_whole_graph(aggregation, backend, graph, layers, data):
    block = np.array(data.draw(st.lists(st.integers(0, graph.number_of_nodes - 1), min_size=1, unique=True)))
    network = network_of(aggregation=aggregation, layers=layers)
    ring = graph.ring(block, layers)
    local = logits_of(network, graph.subgraph(ring), backend)[np.searchsorted(ring, block)]
    assert np.allclose(local, logits_of(network, graph, backend)[block], atol=1e-4)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_a_ring_one_hop_short_shows(aggregation):
    path = graph_of(12, [(i, i + 1) for i in range(11)], 0)
    network = network_of(aggregation=aggregation, layers=3)
    whole = logits_of(network, path, "torch")[0]
    short = logits_of(network, path.subgraph(path.ring([0], 2)), "torch")[0]
    assert np.abs(short - whole).max() > 1e-4


@needs_dgl
@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@settings(max_examples=40, deadline=None)
@given(graphs(), st.integers(0, 8))
def test_the_same_weights_give_the_same_logits_on_both_backends(aggregation, graph, layers):
    network = network_of(aggregation=aggregation, layers=layers)
    dgl, plain = (logits_of(network, graph, backend) for backend in ("dgl", "torch"))
    assert np.allclose(dgl, plain, atol=1e-5)


@needs_dgl
@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@settings(max_examples=20, deadline=None)
@given(graphs())
def test_both_backends_give_the_same_gradients(aggregation, graph):
    gradients = []
    for backend in ("dgl", "torch"):
        network = network_of(aggregation=aggregation, layers=2)
        passing = message_passing(graph.edge_index, graph.number_of_nodes, device="cpu", backend=backend)
        edge_features = both_directions(torch.tensor(graph.edge_features))
        network(passing, torch.tensor(graph.node_features), edge_features).square().mean().backward()
        gradients.append([p.grad for p in network.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1])
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*gradients, strict=True))


def test_without_layers_every_node_is_judged_alone():
    network = network_of(layers=0)
    features = torch.randn(4, 5)
    alone = message_passing(np.zeros((2, 0), int), 4, device="cpu")
    joined = message_passing([[0, 1, 2], [1, 2, 3]], 4, device="cpu")
    with torch.inference_mode():
        assert torch.equal(network(alone, features, torch.zeros(0, 2)), network(joined, features, torch.zeros(6, 2)))


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_neighbours_are_heard_as_a_set(aggregation):
    """The order of the nodes does not matter: renaming them renames the logits."""
    graph = graph_of(20, np.random.default_rng(0).integers(0, 20, (40, 2)).tolist(), 1)
    order = np.random.default_rng(2).permutation(20)
    renamed = np.empty(20, int)
    renamed[order] = np.arange(20)
    network = network_of(aggregation=aggregation, layers=3)
    passing = message_passing(renamed[graph.edge_index], 20, device="cpu")
    edge_features = both_directions(torch.tensor(graph.edge_features))
    with torch.inference_mode():
        logits = network(passing, torch.tensor(graph.node_features[order]), edge_features).numpy()
    assert np.allclose(logits, logits_of(network, graph, "auto")[order], atol=1e-5)


def test_attention_looks_at_the_edge_features_and_the_mean_does_not():
    graph = graph_of(6, [(0, 1), (0, 2), (1, 2), (3, 4)], 0)
    other = dataclasses.replace(graph, edge_features=graph.edge_features * np.float32([[3, -2]]))
    attention, mean = network_of(aggregation="attention", layers=1), network_of(layers=1)
    assert not np.allclose(logits_of(attention, graph, "auto"), logits_of(attention, other, "auto"), atol=1e-5)
    assert np.array_equal(logits_of(mean, graph, "auto"), logits_of(mean, other, "auto"))


def test_attention_works_without_edge_features():
    network = network_of(aggregation="attention", layers=2, edge_features=0)
    passing = message_passing([[0], [1]], 3, device="cpu")
    assert network(passing, torch.randn(3, 5), torch.zeros(2, 0)).shape == (3, 3)


def test_every_parameter_of_an_attention_network_is_trained():
    graph = graph_of(8, [(i, i + 1) for i in range(7)] + [(0, 5), (2, 6)], 0)
    network = network_of(aggregation="attention", layers=2)
    passing = message_passing(graph.edge_index, 8, device="cpu")
    edge_features = both_directions(torch.tensor(graph.edge_features))
    network(passing, torch.tensor(graph.node_features), edge_features).square().sum().backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_a_config_survives_json():
    config = GNNConfig(node_features=3, edge_features=1, classes=2, aggregation="attention", dropout=0.1)
    assert GNNConfig(**json.loads(json.dumps(dataclasses.asdict(config)))) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": 0}, "classes of a GNN is 0; it must be at least 1"),
        ({"layers": -1}, "layers of a GNN is -1; it must be at least 0"),
        ({"dropout": 1.0}, "dropout of a GNN is 1.0"),
        ({"aggregation": "max"}, "'max'; it must be 'mean' or 'attention'"),
        ({"width": 30}, "4 heads do not divide a width of 30"),
    ],
)
def test_a_config_out_of_range_is_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        GNNConfig(**{"node_features": 3, "edge_features": 1, "classes": 2} | change)
