import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.blocks import Box
from terrazzo.models.lattice.network import LatticeConfig, LatticeNetwork
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.messages.directions import graph_of_cells
from terrazzo.models.messages.graph_passing import GraphPassing
from terrazzo.models.messages.grid_passing import GridPassing
from terrazzo.models.messages.receptive_field import reach, way_up

COLUMNS = 5


def network_of(axes, **settings):
    settings = {"width": 8, "levels": 2} | settings
    torch.manual_seed(3)
    return LatticeNetwork(LatticeConfig(axes, COLUMNS, 4, 3, LatticeSettings(**settings))).eval()


def on_grid(network, rows, present):
    """Embeddings of a whole lattice (cells..., columns), padded to whole coarse cells."""
    chosen = network.config.settings
    pad = [(0, -n % multiple) for n, multiple in zip(present.shape, chosen.coarsest(present.ndim), strict=True)]
    there = torch.from_numpy(np.pad(present, pad))[None]
    table = torch.from_numpy(np.pad(rows, [*pad, (0, 0)]))[None]
    with torch.inference_mode():
        passing = GridPassing(there, chosen.levels, pooling=chosen.pooling(present.ndim))
        h = network(passing, table)[0].numpy()
    return h[tuple(slice(n) for n in present.shape)]


shapes = st.one_of(
    st.tuples(*[st.integers(1, 13)] * 2),
    st.tuples(*[st.integers(1, 6)] * 3),
)


pooled = st.booleans()


@given(shapes, st.integers(0, 3), pooled, st.floats(0, 0.6), st.sampled_from(["dgl", "torch"]), st.integers(0, 99))
def test_messages_on_a_graph_are_the_convolution_over_the_grid(shape, levels, pooled, absent, backend, seed):
    rng = np.random.default_rng(seed)
    network = network_of(len(shape), levels=levels, pool_sections=pooled)
    rows = rng.normal(size=(*shape, COLUMNS)).astype(np.float32)
    present = rng.random(shape) >= absent
    cells = np.argwhere(present)
    passing = GraphPassing(graph_of_cells(cells, levels, network.config.settings.pooling(len(shape))), backend=backend)
    with torch.inference_mode():
        listed = network(passing, torch.from_numpy(rows[present])).numpy()
    assert np.allclose(listed, on_grid(network, rows, present)[present], atol=1e-5)


@given(st.sampled_from([(29, 23), (9, 11, 10)]), st.integers(0, 3), pooled, st.integers(0, 2), st.integers(0, 99))
def test_an_embedding_depends_on_no_cell_beyond_the_stated_reach(shape, levels, pooled, blocks, seed):
    rng = np.random.default_rng(seed)
    network = network_of(len(shape), levels=levels, blocks=blocks, finest=1, pool_sections=pooled)
    rows = rng.normal(size=(*shape, COLUMNS)).astype(np.float32)
    far = reach(network.config.settings, len(shape))
    cell = tuple(int(rng.integers(n)) for n in shape)
    beyond = np.any(
        [np.abs(place - at) > along for place, at, along in zip(np.indices(shape), cell, far, strict=True)], axis=0
    )
    other = np.where(beyond[..., None], rng.normal(size=rows.shape).astype(np.float32), rows)
    everywhere = np.ones(shape, bool)
    assert np.array_equal(on_grid(network, other, everywhere)[cell], on_grid(network, rows, everywhere)[cell])


@pytest.mark.parametrize("settings", [{"levels": 0}, {"levels": 1}, {"levels": 2, "blocks": 1}, {"levels": 3}])
def test_some_embedding_depends_on_a_cell_as_far_as_the_reach(settings):
    network = network_of(2, **settings)
    far, side = reach(network.config.settings, 2)[0], 2**network.config.settings.levels
    extent = -(-(2 * far + 4 * side) // side) * side
    table = torch.randn(1, extent, extent, COLUMNS, requires_grad=True)
    h = network(GridPassing(torch.ones(1, extent, extent, dtype=torch.bool), network.config.settings.levels), table)
    seen = []
    middle = extent // 2 // side * side
    for cell in range(middle, middle + side):
        (gradient,) = torch.autograd.grad(h[0, cell, middle].sum(), table, retain_graph=True)
        rows = np.flatnonzero(gradient[0].abs().sum(dim=(1, 2)).numpy())
        seen += [cell - rows[0], rows[-1] - cell]
    assert max(seen) == far


@given(st.sampled_from([(32, 24), (8, 16, 8)]), st.integers(1, 3), st.integers(0, 2), st.integers(0, 2), st.data())
def test_looking_only_where_the_way_up_has_to_changes_no_embedding_that_is_asked_for(
    shape, levels, finest, blocks, data
):
    network = network_of(len(shape), levels=levels, finest=finest, blocks=blocks, pool_sections=data.draw(pooled))
    pooling = network.config.settings.pooling(len(shape))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    rows, present = torch.from_numpy(rng.normal(size=(1, *shape, COLUMNS)).astype(np.float32)), rng.random(shape) > 0.2
    start = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
    asked = Box(start, tuple(data.draw(st.integers(a + 1, n)) for a, n in zip(start, shape, strict=True)))
    looked_at = way_up(asked, shape, network.config.settings)
    there = torch.from_numpy(present)[None]
    with torch.inference_mode():
        part = network(GridPassing(there, levels, looked_at, pooling), rows)[0]
        whole = network(GridPassing(there, levels, pooling=pooling), rows)[0]
    assert part.shape[:-1] == looked_at[0].shape
    assert torch.allclose(part[asked.within(looked_at[0])], whole[asked.slices], atol=1e-5)


def test_an_absent_cell_says_nothing():
    network = network_of(2)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(12, 9, COLUMNS)).astype(np.float32)
    present = rng.random((12, 9)) > 0.3
    other = np.where(present[..., None], rows, 1e6).astype(np.float32)
    assert np.array_equal(on_grid(network, other, present), on_grid(network, rows, present))
    assert not on_grid(network, rows, present)[~present].any()
