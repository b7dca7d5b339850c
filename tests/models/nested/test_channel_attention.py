import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import leaky_relu

from terrazzo.kernels.channels.attention import attention
from terrazzo.models.messages.backends import why_dgl_cannot
from terrazzo.models.nested.channel_attention import ChannelAttention
from terrazzo.models.nested.channel_sums import channel_sums
from terrazzo.regions.graphs.channel_graph import channel_graph

CPU = torch.device("cpu")
needs_dgl = pytest.mark.skipif(why_dgl_cannot("cpu") is not None, reason=f"{why_dgl_cannot('cpu')}")
BACKENDS = ["auto", "torch", pytest.param("dgl", marks=needs_dgl)]


def graph_of(channels, entries=3.0, seed=0):
    return channel_graph(np.random.default_rng(seed).standard_normal((40, channels)), entries)


def attending(seed):
    torch.manual_seed(seed)
    layer = ChannelAttention()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    return layer


def slow_attention(layer, x, graph):
    """One node, one channel and one edge at a time."""
    heard, shares = [], []
    for node in range(x.shape[1]):
        column = []
        for place in range(x.shape[0]):
            sources = graph.sources[graph.places == place]
            said = layer.source * x[sources, node] + layer.source_bias
            logits = layer.score * leaky_relu(said + layer.place * x[place, node] + layer.place_bias, 0.2)
            share = torch.softmax(logits, dim=0)
            shares.append(share.detach())
            column.append((share * said).sum() + layer.bias)
        heard.append(torch.stack(column))
    return torch.stack(heard, dim=1), torch.cat(shares).reshape(x.shape[1], -1).T


def with_gradients(layer, answers, x, weights):
    layer.zero_grad()
    x.grad = None
    (answers * weights).sum().backward()
    return [answers.detach(), x.grad.clone(), *(parameter.grad.clone() for parameter in layer.parameters())]


@pytest.mark.parametrize("backend", BACKENDS)
@given(st.integers(2, 9), st.integers(1, 4), st.floats(0, 4), st.integers(0, 50))
@settings(deadline=None, max_examples=15)
def test_channels_hear_what_a_slow_version_says_with_the_same_gradients(backend, channels, nodes, entries, seed):
    layer, graph = attending(seed), graph_of(channels, entries, seed)
    x = torch.randn(channels, nodes, requires_grad=True)
    weights = torch.randn(channels, nodes)
    heard, shares = slow_attention(layer, x, graph)
    expected = with_gradients(layer, heard, x, weights)
    sums = channel_sums(graph, CPU, backend)
    for one, other in zip(with_gradients(layer, layer(x, sums), x, weights), expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-5)
    assert torch.allclose(layer.attention(x, sums), shares, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_numbers_far_apart_overflow_nothing(backend):
    graph = graph_of(6)
    x = torch.tensor([[-1e4], [1e4], [0.0], [1.0], [88.0], [-200.0]])
    answers = attending(3)(x, channel_sums(graph, CPU, backend))
    assert torch.isfinite(answers).all()


def test_of_a_kernel_a_node_has_the_same_bits_whichever_others_come_with_it():
    layer, sums = attending(1), channel_sums(graph_of(12), CPU, "auto")
    x = torch.randn(12, 37)
    whole = layer(x, sums).detach()
    for first, last in ((0, 1), (3, 20), (36, 37)):
        assert torch.equal(layer(x[:, first:last].contiguous(), sums).detach(), whole[:, first:last])


@given(st.floats(-80, 80, width=32), st.floats(-80, 80, width=32))
@settings(deadline=None)
def test_attention_is_the_softmax_to_single_precision(one, other):
    said = np.array([[one], [other]], np.float32)
    found = attention(said, np.zeros_like(said), np.float32(1), np.float32(1), np.array([0, 1, 1]), np.array([0, 2, 3]))
    expected = 1 / (1 + np.exp(np.float64(other) - one))
    assert found[0, 0] == pytest.approx(expected, rel=1e-5, abs=1e-37)
    assert found[2, 0] == 1
