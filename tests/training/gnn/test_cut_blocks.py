import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import stored_graph

from terrazzo.models.gnn.classify_block import cells_needed
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.training.gnn.fit_streamed import sides_of_stored
from terrazzo.training.rules.split_blocks import GAP_CELLS, GAP_HOPS, split_blocks

VALIDATION, SEED = 0.2, 3


def sides_of_nodes(stored, graph, held_out):
    """Rows for training and for validation, from each node's cell alone."""
    lattice = stored.grid.lattice
    cells = lattice.cells_of(graph.ids)
    training, validation = np.ones(len(cells), bool), np.zeros(len(cells), bool)
    for block in held_out:
        low, high = np.array(block.cells.start), np.array(block.cells.stop)
        validation |= ((cells >= low) & (cells < high)).all(axis=1)
        training &= ~((cells >= low - GAP_CELLS) & (cells < high + GAP_CELLS)).all(axis=1)
    return np.flatnonzero(training), np.flatnonzero(validation)


def answered(parts, graph):
    """The counts that parts answer for, at the graph's nodes; each node by one part."""
    counts, times = np.zeros((graph.number_of_nodes, 3), int), np.zeros(graph.number_of_nodes, int)
    for part in parts:
        rows = np.searchsorted(graph.ids, part.graph.ids)
        counts[rows] += part.counts
        times[rows] += part.counts.any(axis=1)
    assert times.max(initial=0) <= 1
    return counts


def check_rings(parts, graph, hops):
    for part in parts:
        rows = np.searchsorted(graph.ids, part.graph.ids[part.counts.any(axis=1)])
        assert part.graph.equals(graph.subgraph(graph.ring(rows, hops)))


@pytest.mark.parametrize("shape", [(100, 130), (16, 50, 61)])
@settings(max_examples=6, deadline=None)
@given(st.integers(0, 3), st.integers(40, 400), st.sampled_from([0.15, 1.0]), st.integers(0, 9))
def test_parts_on_disk_are_each_annotated_node_once_with_its_ring_on_its_side(
    tmp_path_factory, shape, hops, most_nodes, share, seed
):
    place = tmp_path_factory.mktemp("graph")
    stored, graph, targets = stored_graph(place, shape, share, seed, reach=cells_needed(hops))
    held_out = split_blocks([stored.counts], validation=VALIDATION, seed=SEED)[0]
    sides = sides_of_stored([stored], hops=hops, most_nodes=most_nodes, validation=VALIDATION, seed=SEED)
    training, validation = sides_of_nodes(stored, graph, held_out)
    own = graph.subgraph(training)
    learned, judged = ([part.read() for part in side] for side in (sides.training, sides.validation))
    assert np.array_equal(answered(learned, own), targets.counts[training])
    expected = np.zeros_like(targets.counts)
    expected[validation] = targets.counts[validation]
    assert np.array_equal(answered(judged, graph), expected)
    check_rings(learned, own, hops)
    check_rings(judged, graph, hops)
    assert not np.intersect1d(training, graph.ring(validation, GAP_HOPS)).size
    for stored_part, part in zip(sides.training, learned, strict=True):
        assert stored_part.number_of_nodes == part.number_of_nodes
        assert np.array_equal(stored_part.pixels, part.pixels)
    seen = own.ring(np.flatnonzero(NodeTargets(targets.counts[training]).annotated), hops)
    whole = Scaling.fit([own], [seen])
    for vector in ("node_mean", "node_std", "edge_mean", "edge_std"):
        assert np.allclose(getattr(sides.scaling, vector), getattr(whole, vector), rtol=1e-5, atol=1e-7)


def test_cutting_twice_gives_the_same_scaling_bit_for_bit(tmp_path):
    options = {"hops": 1, "most_nodes": 200, "validation": VALIDATION, "seed": SEED}
    first, second = (sides_of_stored([stored_graph(tmp_path / name)[0]], **options).scaling for name in "ab")
    assert np.array_equal(first.node_mean, second.node_mean)
    assert np.array_equal(first.edge_std, second.edge_std)


def test_the_graphs_of_blocks_are_removed_once_they_are_cut(tmp_path):
    stored, *_ = stored_graph(tmp_path)
    sides = sides_of_stored([stored], hops=1, most_nodes=500, validation=VALIDATION, seed=SEED)
    assert [path.name for path in tmp_path.iterdir()] == ["parts"]
    assert sides.training[0].read().number_of_nodes > 0
