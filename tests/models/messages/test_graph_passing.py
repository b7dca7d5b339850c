import itertools
import logging
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.errors import ParameterError
from terrazzo.models.messages import backends
from terrazzo.models.messages.backends import chosen_backend, why_dgl_cannot
from terrazzo.models.messages.directions import directions, graph_of_regions, sectors
from terrazzo.models.messages.graph_passing import GraphPassing

CPU = torch.device("cpu")
needs_dgl = pytest.mark.skipif(why_dgl_cannot("cpu") is not None, reason=f"{why_dgl_cannot('cpu')}")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
BACKENDS = ["torch", pytest.param("dgl", marks=needs_dgl)]


def values(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).requires_grad_()


@st.composite
def placed_graphs(draw):
    """Centroids and edges; isolated regions and graphs without edges are among them."""
    nodes, axes = draw(st.integers(1, 20)), draw(st.sampled_from([2, 3]))
    row = st.integers(0, nodes - 1)
    pairs = draw(st.lists(st.tuples(row, row), max_size=40))
    edges = sorted({(min(p), max(p)) for p in pairs if p[0] != p[1]})
    positions = np.random.default_rng(draw(st.integers(0, 99))).uniform(0, 50, (nodes, axes))
    return positions, np.array(edges, np.int64).reshape(-1, 2).T


def heard_one_by_one(positions, edge_index, h, matrices, bias):
    """The formula, region by region."""
    steps = directions(positions.shape[1])
    rows = []
    for region in range(len(positions)):
        total = matrices[(slice(None), slice(None), *(1,) * positions.shape[1])] @ h[region] + bias
        beside = [*edge_index[1][edge_index[0] == region], *edge_index[0][edge_index[1] == region]]
        for number, step in enumerate(steps):
            there = [j for j in beside if sectors((positions[j] - positions[region])[None])[0] == number]
            if there:
                matrix = matrices[(slice(None), slice(None), *(1 + along for along in step))]
                total = total + matrix @ h[there].mean(dim=0)
        rows.append(total)
    return torch.stack(rows)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=25, deadline=None)
@given(placed_graphs(), st.integers(0, 99))
def test_a_region_hears_the_mean_in_each_direction_and_so_do_gradients(backend, graph, seed):
    positions, edge_index = graph
    axes = positions.shape[1]
    given_ = [values(seed, len(positions), 4), values(seed + 1, 5, 4, *[3] * axes), values(seed + 2, 5)]
    found = GraphPassing(graph_of_regions(edge_index, positions, (1,) * axes, 0), backend=backend).heard(0, *given_)
    expected = heard_one_by_one(positions, edge_index, *given_)
    assert torch.allclose(found, expected, atol=1e-5)
    upstream = values(seed + 3, *expected.shape).detach()
    for one, other in zip(
        torch.autograd.grad(found, given_, upstream), torch.autograd.grad(expected, given_, upstream), strict=True
    ):
        assert torch.allclose(one, other, atol=1e-4)


def test_directions_are_told_in_units_of_each_axis():
    positions = np.array([[0.0, 0, 0], [2.0, 1, 8]])
    edges = [graph_of_regions(np.array([[0], [1]]), positions, unit, 0).edges[0][2] for unit in ((1, 1, 1), (2, 8, 8))]
    names = [[directions(3)[number] for number in found] for found in edges]
    assert names == [[(0, 0, -1), (0, 0, 1)], [(-1, 0, -1), (1, 0, 1)]]


@pytest.mark.parametrize("axes", [2, 3])
def test_the_offset_to_a_neighbouring_cell_lies_in_its_own_sector(axes):
    steps = np.array(directions(axes), float)
    assert np.array_equal(sectors(7.5 * steps), np.arange(3**axes - 1))
    assert directions(axes) == [step for step in itertools.product((-1, 0, 1), repeat=axes) if any(step)]


def test_an_unknown_backend_is_refused():
    with pytest.raises(ParameterError, match="no message passing backend 'jax'; use 'auto', 'dgl' or 'torch'"):
        chosen_backend("jax", CPU)


def test_without_dgl_auto_is_torch_and_says_so_once(monkeypatch, caplog):
    monkeypatch.setattr(backends, "why_dgl_cannot", lambda device: f"no DGL on this {device}")
    backends._say_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert [chosen_backend("auto", CPU) for _ in range(2)] == ["torch", "torch"]
    assert caplog.messages == ["no DGL on this cpu; messages are passed in plain torch, with the same results"]
    with pytest.raises(ParameterError, match="no DGL on this cpu; use backend 'torch', or install a DGL"):
        chosen_backend("dgl", CPU)


def test_dgl_is_not_loaded_before_it_is_needed(tmp_path):
    code = "import sys, terrazzo.models.messages.graph_passing; sys.exit('dgl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=tmp_path).returncode == 0


@needs_dgl
def test_dgl_writes_no_file_to_the_users_home(tmp_path):
    code = "import terrazzo.models.messages.backends as b; b.loaded_dgl()"
    environment = {"HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True)
    assert not (tmp_path / ".dgl").exists()


@pytest.mark.gpu
@needs_gpu
def test_a_gpu_gives_what_the_cpu_gives():
    rng = np.random.default_rng(0)
    positions, edges = rng.uniform(0, 50, (200, 2)), rng.integers(0, 200, (2, 700))
    edges = np.unique(np.sort(edges[:, edges[0] != edges[1]], axis=0), axis=1)
    given_ = [values(0, 200, 8), values(1, 8, 8, 3, 3), values(2, 8)]
    found = [
        GraphPassing(graph_of_regions(edges, positions, (1, 1), 0), device=device).heard(
            0, *(one.to(device) for one in given_)
        )
        for device in ("cpu", "cuda")
    ]
    assert torch.allclose(found[0], found[1].cpu(), atol=1e-4)
