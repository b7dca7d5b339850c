import logging

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.models.messages.backends import why_dgl_cannot
from terrazzo.models.nested.network import NestedConfig, NestedNetwork, Prepared
from terrazzo.models.nested.settings import NestedSettings
from terrazzo.regions.graphs.nested_graph import NestedGraph

CPU = torch.device("cpu")
needs_dgl = pytest.mark.skipif(why_dgl_cannot("cpu") is not None, reason=f"{why_dgl_cannot('cpu')}")
BACKENDS = ["auto", "torch", pytest.param("dgl", marks=needs_dgl)]


def nested(nodes=30, channels=7, regions=3, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.gamma(2, size=(nodes, channels)).astype(np.float32)
    low, high = np.triu_indices(nodes, 1)
    chosen = rng.random(low.size) < 4 / nodes
    edges = np.stack([low[chosen], high[chosen]]).astype(np.int64)
    return NestedGraph.of(values, edges, rng.integers(0, regions, nodes), 3.0)


def network_of(graph, **given):
    torch.manual_seed(0)
    network = NestedNetwork(NestedConfig(graph.values.shape[1], NestedSettings(width=5, **given)))
    for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm1d)):
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.uniform_(norm.bias, 0.2, 0.5)
    return network


def slow_parts(network, graph):
    """Dense matrices: what inner graphs come to, and the embedding; batch statistics are those of all nodes."""
    h, nodes = torch.from_numpy(graph.values), len(graph.values)
    inner = network.inner
    layers = () if inner is None else ((inner.first, inner.first_norm), (inner.second, inner.second_norm))
    for layer, norm in layers:
        heard = []
        for node in range(nodes):
            edges = graph.inner[graph.regions[node]]
            said = layer.source * h[node] + layer.source_bias
            asked = layer.place * h[node] + layer.place_bias
            joint = torch.full((len(said),) * 2, -np.inf)
            logits = layer.score * torch.nn.functional.leaky_relu(said[None] + asked[:, None], 0.2)
            inside = torch.zeros_like(joint, dtype=torch.bool)
            inside[edges.places, edges.sources] = True
            heard.append(torch.softmax(torch.where(inside, logits, joint), dim=1) @ said + layer.bias)
        h = torch.stack(heard)
        mean, variance = (h.mean(), h.var(correction=0)) if network.training else (norm.running_mean, norm.running_var)
        h = torch.relu((h - mean) / torch.sqrt(variance + norm.eps) * norm.weight + norm.bias)
    adjacency = torch.zeros(nodes, nodes)
    adjacency[graph.edge_index[0], graph.edge_index[1]] = 1
    adjacency = adjacency + adjacency.T
    roots = adjacency.sum(dim=1).clamp(min=1) ** -0.5
    convolution = roots[:, None] * adjacency * roots + torch.eye(nodes)
    if network.config.settings.centred:
        h = h - (h.mean(dim=0) if network.training else network.middle)
    return h @ network.encoder, convolution, adjacency + torch.eye(nodes)


def slow_loss(network, graph, shuffled):
    encoded, convolution, around = slow_parts(network, graph)
    embedded = convolution @ encoded
    error = ((convolution @ embedded @ network.decoder + network.mean - torch.from_numpy(graph.values)) ** 2).mean()
    own, other = torch.relu(embedded), torch.relu(convolution @ encoded[shuffled])
    told = 0
    for mine, theirs in ((own, other), (other, own)):
        read = around @ mine / around.sum(dim=1, keepdim=True)
        read = torch.sigmoid(read / read.norm(dim=1, keepdim=True).clamp(min=1e-12))
        right = torch.einsum("nd,de,ne->n", read, network.score, mine) + network.score_bias
        wrong = torch.einsum("nd,de,ne->n", read, network.score, theirs) + network.score_bias
        told = told - torch.nn.functional.logsigmoid(torch.cat([right, -wrong])).mean()
    return error, told


def gradients(network, losses):
    network.zero_grad()
    (losses[0] + 0.5 * losses[1]).backward()
    known = {name: parameter.grad for name, parameter in network.named_parameters()}
    return {name: gradient.clone() for name, gradient in known.items() if gradient is not None}


@pytest.mark.parametrize("backend", BACKENDS)
@given(st.integers(4, 20), st.integers(2, 8), st.integers(1, 4), st.integers(0, 30), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=4)
def test_losses_and_gradients_are_those_of_dense_matrices(backend, nodes, channels, regions, seed, inner, centred):
    graph = nested(nodes, channels, regions, seed)
    network = network_of(graph, backend=backend, inner=inner, centred=centred).train()
    shuffled = torch.from_numpy(np.random.default_rng(seed).permutation(nodes))
    expected = slow_loss(network, graph, shuffled)
    wanted = gradients(network, expected)
    found = network.loss(Prepared.of(graph, network.config.settings, CPU), shuffled)
    assert torch.allclose(torch.stack(found), torch.stack(expected), rtol=1e-5, atol=1e-5)
    for name, gradient in gradients(network, found).items():
        assert torch.allclose(gradient, wanted[name], rtol=1e-3, atol=2e-4), name


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("inner", [True, False])
def test_when_training_is_over_the_embedding_is_that_of_dense_matrices(backend, inner):
    graph = nested()
    network = network_of(graph, backend=backend, inner=inner, centred=True).eval()
    torch.nn.init.normal_(network.middle)
    with torch.inference_mode():
        encoded, convolution, _ = slow_parts(network, graph)
        found = network.embedding(Prepared.of(graph, network.config.settings, CPU))
        assert torch.allclose(found, convolution @ encoded, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_little_memory_makes_small_batches_that_give_the_same_and_says_so(backend, caplog):
    graph = nested(nodes=80)
    shuffled = torch.from_numpy(np.random.default_rng(0).permutation(80))
    found = []
    for memory in (NestedSettings().memory, 4000, 1):
        caplog.clear()
        network = network_of(graph, backend=backend, memory=memory).train()
        with caplog.at_level(logging.WARNING):
            prepared = Prepared.of(graph, network.config.settings, CPU)
        said = [record.message for record in caplog.records]
        assert bool(said) == (memory <= 4000), said
        found.append(gradients(network, network.loss(prepared, shuffled)))
    assert "inner graphs of 7 channels are computed for 1 node at a time" in said[0]
    for other in found[1:]:
        for name, gradient in other.items():
            assert torch.allclose(gradient, found[0][name], rtol=1e-3, atol=2e-4), name
