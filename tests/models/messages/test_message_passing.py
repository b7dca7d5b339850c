import logging
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.errors import ParameterError
from terrazzo.models.messages import message_passing as module
from terrazzo.models.messages.message_passing import both_directions, message_passing
from terrazzo.models.messages.message_passing_dgl import why_dgl_cannot

needs_dgl = pytest.mark.skipif(why_dgl_cannot("cpu") is not None, reason=f"{why_dgl_cannot('cpu')}")
BACKENDS = ["torch", pytest.param("dgl", marks=needs_dgl)]
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")


@st.composite
def edge_lists(draw):
    """Nodes and canonical edges; isolated nodes and graphs without edges are among them."""
    nodes = draw(st.integers(1, 20))
    row = st.integers(0, nodes - 1)
    pairs = draw(st.lists(st.tuples(row, row), max_size=40))
    edges = sorted({(min(p), max(p)) for p in pairs if p[0] != p[1]})
    return nodes, np.array(edges, dtype=np.int64).reshape(-1, 2).T


def values(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).requires_grad_()


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=60, deadline=None)
@given(edge_lists(), st.integers(0, 99))
def test_the_mean_of_neighbours_is_the_dense_one(backend, graph, seed):
    nodes, (low, high) = graph
    adjacency = torch.zeros(nodes, nodes)
    adjacency[low, high] = adjacency[high, low] = 1
    h = values(seed, nodes, 6)
    mean = message_passing(graph[1], nodes, device="cpu", backend=backend).mean_of_neighbours(h)
    expected = adjacency @ h / adjacency.sum(dim=1, keepdim=True).clamp(min=1)
    assert torch.allclose(mean, expected, atol=1e-5)
    assert_same_gradients(mean, expected, [h])


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=60, deadline=None)
@given(edge_lists(), st.sampled_from([None, 1, 2, 3]), st.integers(0, 99))
def test_the_weighted_sum_adds_edge_by_edge(backend, graph, heads, seed):
    nodes, (low, high) = graph
    h = values(seed, nodes, 6)
    weights = values(seed + 1, 2 * len(low), *([heads] if heads else []))
    total = message_passing(graph[1], nodes, device="cpu", backend=backend).weighted_sum(h, weights)
    columns = weights if heads else weights[:, None]
    expected = 0 * h
    ends = zip([*low, *high], [*high, *low], strict=True)
    for k, (source, destination) in enumerate(ends):
        row = torch.zeros(nodes, 1)
        row[destination] = 1
        expected = expected + row * (h[source] * columns[k].repeat_interleave(6 // (heads or 1)))
    assert torch.allclose(total, expected, atol=1e-5)
    assert_same_gradients(total, expected, [h, weights])


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=60, deadline=None)
@given(edge_lists(), st.sampled_from([None, 1, 3]), st.integers(0, 99))
def test_the_edge_softmax_adds_to_1_at_every_node_that_hears_one(backend, graph, heads, seed):
    nodes, (low, high) = graph
    scores = values(seed, 2 * len(low), *([heads] if heads else []))
    softmax = message_passing(graph[1], nodes, device="cpu", backend=backend).edge_softmax(scores)
    assert softmax.shape == scores.shape
    destination = np.array([*high, *low], dtype=int)
    for node in set(destination.tolist()):
        incoming = torch.tensor(destination == node)
        assert torch.allclose(softmax[incoming], torch.softmax(scores[incoming], dim=0), atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=60, deadline=None)
@given(edge_lists(), st.integers(0, 99))
def test_gather_gives_sources_and_destinations_low_to_high_first(backend, graph, seed):
    nodes, (low, high) = graph
    h, other = values(seed, nodes, 4), values(seed + 1, nodes, 4)
    passing = message_passing(graph[1], nodes, device="cpu", backend=backend)
    sources, destinations = passing.gather(h)
    assert torch.equal(sources, h[[*low, *high]])
    assert torch.equal(destinations, h[[*high, *low]])
    assert torch.equal(passing.gather(h, other)[1], other[[*high, *low]])
    assert_same_gradients(sources * destinations, h[[*low, *high]] * h[[*high, *low]], [h])


@needs_dgl
@settings(max_examples=60, deadline=None)
@given(edge_lists(), st.sampled_from([1, 2, 4]), st.integers(0, 99))
def test_both_backends_give_the_same_attention_and_gradients(graph, heads, seed):
    nodes, edge_index = graph
    h, scores = values(seed, nodes, 8), values(seed + 1, 2 * edge_index.shape[1], heads)
    results = []
    for backend in ("dgl", "torch"):
        passing = message_passing(edge_index, nodes, device="cpu", backend=backend)
        sources, destinations = passing.gather(h)
        near = (sources * destinations).unflatten(1, (heads, 8 // heads)).sum(dim=2)
        results.append(passing.weighted_sum(h, passing.edge_softmax(scores + near)))
    assert torch.allclose(*results, atol=1e-5)
    assert_same_gradients(*results, [h, scores])


def assert_same_gradients(found, expected, inputs):
    cotangent = torch.cos(torch.arange(found.numel(), dtype=torch.float32)).view(found.shape)
    pairs = [
        torch.autograd.grad((result * cotangent).sum(), inputs, allow_unused=True, materialize_grads=True)
        for result in (found, expected)
    ]
    for one, other in zip(*pairs, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_large_scores_do_not_overflow(backend):
    passing = message_passing([[0, 0], [1, 2]], 3, device="cpu", backend=backend)
    softmax = passing.edge_softmax(torch.tensor([1e4, -1e4, 1e4, 1e4 - 1]))
    assert torch.allclose(softmax, torch.tensor([1, 1, 0.73105858, 0.26894142]), atol=1e-6)


def test_edge_features_are_repeated_for_both_directions():
    features = torch.arange(6.0).view(3, 2)
    assert torch.equal(both_directions(features), torch.cat([features, features]))
    assert both_directions(torch.zeros(0, 4)).shape == (0, 4)


def test_an_unknown_backend_is_refused():
    with pytest.raises(ParameterError, match=r"'pyg'.*'auto', 'dgl' or 'torch'"):
        message_passing([[0], [1]], 2, device="cpu", backend="pyg")


@needs_dgl
def test_auto_is_dgl_where_it_serves_the_device():
    passing = message_passing([[0], [1]], 2, device="cpu")
    assert type(passing).__name__ == "DGLMessagePassing"


def test_auto_falls_back_to_torch_and_says_so_once(caplog):
    """The meta device has no DGL on any machine."""
    reason = why_dgl_cannot("meta")
    assert reason is not None
    module._say_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert module.chosen_backend("auto", torch.device("meta")) == "torch"
        assert module.chosen_backend("auto", torch.device("meta")) == "torch"
    assert [record.getMessage() for record in caplog.records] == [
        f"{reason}; messages are passed in plain torch, with the same results"
    ]


def test_dgl_where_it_cannot_is_refused_with_the_remedy():
    with pytest.raises(ParameterError, match="use backend 'torch', or install a DGL that serves meta"):
        module.chosen_backend("dgl", torch.device("meta"))


def test_torch_warns_of_nothing_even_the_first_time():
    program = (
        "import torch; from terrazzo.models.messages.message_passing_torch import TorchMessagePassing as T; "
        "T(torch.tensor([[0], [1]]), 3).mean_of_neighbours(torch.ones(3, 2))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.gpu
@needs_gpu
def test_a_gpu_gives_what_the_cpu_gives():
    rng = np.random.default_rng(0)
    pairs = np.unique(np.sort(rng.integers(0, 500, (2, 3000)), axis=0), axis=1)
    edge_index = pairs[:, pairs[0] < pairs[1]]
    h, scores = torch.randn(500, 8), torch.randn(2 * edge_index.shape[1], 4)
    results = []
    for device in ("cpu", "cuda"):
        passing = message_passing(edge_index, 500, device=device)
        weights = passing.edge_softmax(scores.to(device))
        heard = passing.weighted_sum(h.to(device), weights) + passing.mean_of_neighbours(h.to(device))
        results.append(heard.cpu())
    assert torch.allclose(*results, atol=1e-5)
