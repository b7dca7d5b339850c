import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.models.gnn.network import GNN, GNNConfig
from terrazzo.models.messages.message_passing import both_directions, message_passing
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.training.gnn.batches import Batches, Part, batch_of, grouped, parts_of

CPU = torch.device("cpu")


def grid_graph(height, width, seed=0):
    rng = np.random.default_rng(seed)
    rows = np.arange(height * width).reshape(height, width)
    beside = np.stack([rows[:, :-1].ravel(), rows[:, 1:].ravel()])
    below = np.stack([rows[:-1].ravel(), rows[1:].ravel()])
    edges = np.hstack([beside, below])
    return RegionGraph(
        ids=np.arange(1, rows.size + 1, dtype=np.uint32),
        positions=np.stack(np.divmod(rows.ravel(), width), axis=1).astype(float),
        areas=np.ones(rows.size, np.uint32),
        node_features=rng.standard_normal((rows.size, 3)).astype(np.float32),
        edge_index=edges[:, np.lexsort(edges[::-1])],
        edge_features=rng.standard_normal((edges.shape[1], 2)).astype(np.float32),
        node_columns=tuple("abc"),
        edge_columns=tuple("pq"),
    )


def random_targets(nodes, share, seed=0):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 9, (nodes, 2)) * (rng.random((nodes, 1)) < share)
    return NodeTargets(counts.astype(np.uint32))


@settings(deadline=None)
@given(st.integers(2, 15), st.integers(2, 15), st.integers(0, 3), st.integers(10, 200), st.floats(0, 1))
def test_every_annotated_row_is_answered_for_once(height, width, hops, most_nodes, share):
    graph, targets = grid_graph(height, width), random_targets(height * width, share)
    rows = np.arange(0, height * width, 2)
    parts = list(parts_of(graph, targets, rows, hops=hops, most_nodes=most_nodes))
    answered = np.concatenate([np.zeros(0, int), *(p.graph.ids[p.counts.any(axis=1)] for p in parts)]) - 1
    assert sorted(answered) == [row for row in rows if targets.counts[row].any()]
    for part in parts:
        own = np.flatnonzero(part.counts.any(axis=1))
        assert np.array_equal(part.counts[own], targets.counts[part.graph.ids[own] - 1])
        assert part.graph.number_of_nodes <= most_nodes or len(own) == 1
        ring = graph.ring(part.graph.ids[own].astype(int) - 1, hops)
        assert part.graph.equals(graph.subgraph(ring))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3), st.integers(20, 120), st.sampled_from(["mean", "attention"]))
def test_cut_and_grouped_graphs_give_the_logits_of_whole_ones(layers, most_nodes, aggregation):
    graphs = [grid_graph(9, 12, seed) for seed in (1, 2)]
    targets = [random_targets(108, 0.7, seed) for seed in (1, 2)]
    everything = np.arange(108)
    scaling = Scaling.fit(graphs, [everything] * 2)
    network = GNN(GNNConfig(3, 2, 2, width=8, layers=layers, aggregation=aggregation)).eval()

    @torch.inference_mode()
    def answers(batch):
        logits = network(batch.passing, batch.node_features, batch.edge_features)
        return logits[batch.pixels > 0]

    parts = [
        part
        for graph, target in zip(graphs, targets, strict=True)
        for part in parts_of(graph, target, everything, hops=layers, most_nodes=most_nodes)
    ]
    groups = list(grouped(parts, 3 * most_nodes))
    cut = torch.cat([answers(batch_of(group, scaling, device=CPU, backend="auto")) for group in groups])
    names = [(part.graph.node_features[row]) for part in parts for row in np.flatnonzero(part.counts.any(axis=1))]
    whole = {}
    for graph in graphs:
        passing = message_passing(graph.edge_index, 108, device=CPU)
        edge_features = both_directions(torch.tensor(scaling.edges(graph.edge_features)))
        with torch.inference_mode():
            logits = network(passing, torch.tensor(scaling.nodes(graph.node_features)), edge_features)
        whole |= {features.tobytes(): row for features, row in zip(graph.node_features, logits, strict=True)}
    assert torch.allclose(cut, torch.stack([whole[name.tobytes()] for name in names]), atol=1e-4)


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), max_size=20), st.integers(1, 60))
def test_groups_keep_the_order_and_the_limit(sizes, most_nodes):
    parts = [Part(grid_graph(1, size), np.zeros((size, 2), np.uint32)) for size in sizes]
    groups = list(grouped(parts, most_nodes))
    assert [part for group in groups for part in group] == parts
    for group in groups:
        assert len(group) == 1 or sum(part.graph.number_of_nodes for part in group) <= most_nodes
    for first, second in itertools.pairwise(groups):
        assert sum(p.graph.number_of_nodes for p in first) + second[0].graph.number_of_nodes > most_nodes


def test_a_batch_holds_targets_and_scaled_features():
    graphs = [grid_graph(2, 3, seed) for seed in (1, 2)]
    targets = [random_targets(6, 1, seed) for seed in (1, 2)]
    scaling = Scaling.fit(graphs, [np.arange(6)] * 2)
    parts = [Part(graph, target.counts) for graph, target in zip(graphs, targets, strict=True)]
    batch = batch_of(parts, scaling, device=CPU, backend="torch")
    assert batch.node_features.mean(dim=0).numpy() == pytest.approx(0, abs=1e-6)
    assert batch.pixels.tolist() == [*targets[0].annotated, *targets[1].annotated]
    assert np.array_equal(batch.fractions.numpy(), np.vstack([t.fractions for t in targets]))
    edges = np.vstack([scaling.edges(graph.edge_features) for graph in graphs])
    assert np.array_equal(batch.edge_features.numpy(), np.vstack([edges, edges]))


def test_parts_are_read_only_when_their_batch_is_asked_for():
    class Counted(Part):
        reads = 0

        def read(self):
            Counted.reads += 1
            return self

    targets = [random_targets(6, 1, seed) for seed in range(4)]
    parts = [Counted(grid_graph(2, 3, seed), target.counts) for seed, target in enumerate(targets)]
    scaling = Scaling.fit([part.graph for part in parts], [np.arange(6)] * 4)
    batches = Batches([parts[:3], parts[3:]], scaling, CPU, "torch")
    assert len(batches) == 2
    assert batches.areas.tolist() == [sum(int(t.annotated.sum()) for t in targets[:3]), int(targets[3].annotated.sum())]
    assert Counted.reads == 0
    expected = batch_of(parts[3:], scaling, device=CPU, backend="torch")
    assert torch.equal(batches[1].node_features, expected.node_features)
    assert Counted.reads == 1
    assert [len(batch.pixels) for batch in batches] == [18, 6]
