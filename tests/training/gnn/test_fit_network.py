import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from flat import gnn

import terrazzo as tz
from terrazzo.errors import ParameterError
from terrazzo.models.messages.message_passing import both_directions, message_passing
from terrazzo.models.messages.message_passing_dgl import why_dgl_cannot
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.training.gnn.fit_network import fit_network
from terrazzo.training.rules.splits import Split

SMALL = {"width": 16, "layers": 3, "device": "cpu"}
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
needs_dgl = pytest.mark.skipif(why_dgl_cannot("cpu") is not None, reason=f"{why_dgl_cannot('cpu')}")


def annotated_disc(seed, side=16):
    """Regions on a grid, a disc of class 1 on class 0, and noise that only neighbours help to see through."""
    rng = np.random.default_rng(seed)
    rows = np.arange(side * side).reshape(side, side)
    beside = np.stack([rows[:, :-1].ravel(), rows[:, 1:].ravel()])
    below = np.stack([rows[:-1].ravel(), rows[1:].ravel()])
    edges = np.hstack([beside, below])
    y, x = np.divmod(rows.ravel(), side)
    disc = np.hypot(y - rng.uniform(3, side - 3), x - rng.uniform(3, side - 3)) < side / 4
    features = rng.standard_normal((rows.size, 4)) * 3
    features[:, :2] += 3 * disc[:, None]
    graph = RegionGraph(
        ids=np.arange(1, rows.size + 1, dtype=np.uint32),
        positions=np.stack([y, x], axis=1) * 8.0,
        areas=np.full(rows.size, 64, np.uint32),
        node_features=features.astype(np.float32),
        edge_index=edges[:, np.lexsort(edges[::-1])],
        edge_features=rng.standard_normal((edges.shape[1], 1)).astype(np.float32),
        node_columns=tuple("abcd"),
        edge_columns=("p",),
    )
    counts = np.where(disc[:, None], [2, 62], [64, 0]).astype(np.uint32)
    return graph, NodeTargets(counts)


@pytest.fixture(scope="module")
def discs():
    graphs, targets = zip(*(annotated_disc(seed) for seed in range(12)), strict=True)
    return list(graphs), list(targets)


def parameters_of(fitted):
    return torch.cat([p.detach().ravel() for p in fitted.network.parameters()])


def accuracy_of(fitted, graph, targets):
    passing = message_passing(graph.edge_index, graph.number_of_nodes, device="cpu")
    edge_features = both_directions(torch.tensor(fitted.scaling.edges(graph.edge_features)))
    with torch.inference_mode():
        logits = fitted.network(passing, torch.tensor(fitted.scaling.nodes(graph.node_features)), edge_features)
    chosen = logits.argmax(dim=1).numpy()
    return targets.counts[np.arange(len(chosen)), chosen].sum() / targets.counts.sum()


def test_a_network_learns_what_a_node_alone_cannot_tell(discs):
    listening, alone = (fit_network(*discs, **gnn(epochs=40, **SMALL | {"layers": layers})) for layers in (3, 0))
    unseen = [annotated_disc(seed) for seed in (100, 101, 102)]
    heard, guessed = (np.mean([accuracy_of(fit, *one) for one in unseen]) for fit in (listening, alone))
    assert heard > 0.92
    assert heard > guessed + 0.04


def test_attention_learns_too(discs):
    fitted = fit_network(*discs, **gnn(epochs=20, aggregation="attention", **SMALL))
    assert fitted.network.config.aggregation == "attention"
    assert fitted.best.validation_accuracy > 0.9


@pytest.mark.parametrize("options", [{}, {"aggregation": "attention", "dropout": 0.2}, {"backend": "torch"}])
def test_the_same_seed_gives_the_same_weights(discs, options):
    first, again, other = (fit_network(*discs, **gnn(epochs=3, seed=seed, **SMALL, **options)) for seed in (5, 5, 6))
    assert torch.equal(parameters_of(first), parameters_of(again))
    assert not torch.equal(parameters_of(first), parameters_of(other))
    for one, two in zip(first.history, again.history, strict=True):
        assert replace(one, seconds=0) == replace(two, seconds=0)


@needs_dgl
def test_both_backends_learn_the_same(discs):
    dgl, plain = (fit_network(*discs, **gnn(epochs=2, backend=backend, **SMALL)) for backend in ("dgl", "torch"))
    assert torch.allclose(parameters_of(dgl), parameters_of(plain), atol=1e-3)


def test_the_random_state_of_torch_is_left_alone(discs):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    fit_network(*discs, **gnn(epochs=1, dropout=0.5, **SMALL))
    assert torch.equal(torch.rand(3), expected)


def test_the_history_is_what_progress_was_told(discs):
    told = []
    with tz.on_progress(lambda step: told.append(step.detail)):
        fitted = fit_network(*discs, **gnn(epochs=4, **SMALL))
    assert fitted.history == tuple(told)
    assert [epoch.epoch for epoch in told] == [1, 2, 3, 4]
    assert told[-1].training_loss < told[0].training_loss
    assert 0 < told[0].seconds < told[-1].seconds


def test_the_weights_are_those_of_the_best_epoch(discs):
    fitted = fit_network(*discs, **gnn(epochs=60, patience=5, learning_rate=0.05, **SMALL))
    assert fitted.best.epoch < len(fitted.history)
    held_out = [i for i, rows in enumerate(fitted.split.validation) if len(rows)]
    accuracy = np.mean([accuracy_of(fitted, discs[0][i], discs[1][i]) for i in held_out])
    assert accuracy == pytest.approx(fitted.best.validation_accuracy, abs=1e-5)


def test_training_stops_when_patience_is_out(discs):
    fitted = fit_network(*discs, **gnn(epochs=200, patience=3, learning_rate=0.05, **SMALL))
    assert len(fitted.history) == fitted.best.epoch + 3


@pytest.mark.parametrize("options", [{}, {"dropout": 0.3, "batch_nodes": 150}])
def test_the_steps_that_seconds_came_to_give_the_same_weights(discs, options):
    limited = fit_network(*discs, **gnn(epochs=100000, patience=100000, seconds=1, **SMALL | options))
    assert 40 <= limited.steps < 100000
    again = fit_network(*discs, **gnn(steps=limited.steps, patience=100000, **SMALL | options))
    assert torch.equal(parameters_of(limited), parameters_of(again))
    assert len(limited.history) == len(again.history)


def test_the_time_may_have_begun_before(discs):
    fitted = fit_network(*discs, began=time.monotonic() - 601, **gnn(epochs=9000, seconds=600, **SMALL))
    assert fitted.steps == 40


def test_the_last_epoch_may_be_shorter(discs):
    whole, part = (fit_network(*discs, **gnn(**length, **SMALL)) for length in ({"epochs": 1}, {"steps": 1}))
    assert whole.steps > part.steps == len(part.history) == 1


def test_the_network_comes_back_ready_for_use(discs):
    fitted = fit_network(*discs, **gnn(epochs=1, dropout=0.5, **SMALL))
    assert not fitted.network.training
    assert {p.device.type for p in fitted.network.parameters()} == {"cpu"}
    assert fitted.network.config.node_features == 4
    assert fitted.network.config.classes == 2


def test_held_out_nodes_leave_no_trace_in_training(discs):
    """Whatever the held-out nodes look like, the first epoch's training loss and the scaling are the same."""
    graphs, targets = discs[0][:3], discs[1][:3]
    rows = np.arange(256)
    split = Split((rows, rows[:128], rows[:0]), (rows[:0], rows[192:], rows))
    changed = [graphs[0], *(replace(g, node_features=g.node_features.copy()) for g in graphs[1:])]
    changed[1].node_features[128:] = 1e3
    changed[2].node_features[:] = -1e3
    first, second = (fit_network(g, targets, **gnn(split=split, epochs=1, **SMALL)) for g in (graphs, changed))
    assert first.history[0].training_loss == second.history[0].training_loss
    assert first.history[0].validation_loss != second.history[0].validation_loss
    assert np.array_equal(first.scaling.node_mean, second.scaling.node_mean)
    assert first.split is split


def test_one_graph_is_split_by_tiles_and_learnt_in_pieces():
    graph, targets = annotated_disc(3, side=40)
    fitted = fit_network([graph], [targets], **gnn(epochs=30, batch_nodes=500, **SMALL))
    assert fitted.best.validation_accuracy > 0.9
    assert not np.intersect1d(fitted.split.training[0], graph.ring(fitted.split.validation[0], 2)).size


def test_scribbles_are_enough():
    graphs, targets = zip(*(annotated_disc(seed) for seed in range(8)), strict=True)
    few = np.random.default_rng(0).random((8, 256, 1)) < 0.15
    sparse = [NodeTargets(t.counts * keep.astype(np.uint32)) for t, keep in zip(targets, few, strict=True)]
    fitted = fit_network(graphs, sparse, **gnn(epochs=40, **SMALL))
    assert np.mean([accuracy_of(fitted, *annotated_disc(seed)) for seed in (100, 101)]) > 0.85


def test_balanced_weights_find_more_of_a_rare_class(discs):
    graphs, _ = discs
    targets = [NodeTargets(t.counts * np.array([20, 1], np.uint32)) for t in discs[1]]
    rows, none = np.arange(256), np.zeros(0, int)
    split = Split((rows,) * 9 + (none,) * 3, (none,) * 9 + (rows,) * 3)
    found = {}
    for weighting in (None, "balanced"):
        fitted = fit_network(graphs, targets, **gnn(split=split, epochs=15, weighting=weighting, **SMALL))
        rare = [NodeTargets(t.counts * np.array([0, 1], np.uint32)) for t in targets[9:]]
        found[weighting] = np.mean([accuracy_of(fitted, g, t) for g, t in zip(graphs[9:], rare, strict=True)])
    assert found["balanced"] > found[None]


def test_mistakes_are_told_in_one_sentence(discs):
    graphs, targets = discs
    renamed = replace(graphs[1], node_columns=("a", "b", "c", "e"))
    reordered = replace(graphs[1], node_columns=("b", "a", "c", "d"))
    one_class = [NodeTargets(t.counts * np.array([1, 0], np.uint32)) for t in targets]
    nothing = [NodeTargets(np.zeros_like(t.counts)) for t in targets]
    wide = NodeTargets(np.zeros((256, 3), np.uint32))
    rows, none = np.arange(256), np.zeros(0, int)
    unseen = Split((none,) * 12, (rows,) * 12)
    background = tuple(np.flatnonzero(t.counts[:, 1] == 0) for t in targets)
    lopsided = Split(background, (rows,) * 12)
    unjudged = Split((rows,) * 12, (none,) * 12)
    for arguments, options, message in (
        ((graphs, targets[1:]), {}, "12 graphs came with 11 targets"),
        (([], []), {}, "0 graphs came with 0 targets"),
        (
            (graphs, [NodeTargets(targets[0].counts[:9]), *targets[1:]]),
            {},
            "graph 0 has 256 nodes and its targets 9",
        ),
        (([graphs[0], renamed], targets[:2]), {}, r"graph 1 and graph 0 differ in features \(d, e\)"),
        (([graphs[0], reordered], targets[:2]), {}, r"differ in features \(their order\)"),
        ((graphs[:2], [targets[0], wide]), {}, "targets 1 have 3 classes and targets 0 have 2"),
        ((graphs, one_class), {}, "class 0 is the only one annotated"),
        ((graphs, nothing), {}, "no pixel is annotated"),
        (discs, {"split": unseen}, "no training node"),
        (discs, {"split": lopsided}, "class 1 is annotated, but on no training node"),
        (discs, {"split": unjudged}, "no annotated pixel for validation"),
        (discs, {"epochs": 0}, "epochs is 0"),
        (discs, {"batch_nodes": 0}, "batch_nodes is 0"),
        (discs, {"learning_rate": 1e30, "epochs": 9}, "the loss is not finite in epoch .; use a learning rate below"),
        (discs, {"device": "gpu"}, "there is no device 'gpu'"),
        (discs, {"weighting": "median"}, "no class weighting 'median'"),
    ):
        with pytest.raises(ParameterError, match=message):
            fit_network(*arguments, **gnn(**SMALL | {"epochs": 1} | options))


@pytest.mark.gpu
@needs_gpu
def test_a_gpu_learns_too(discs):
    fitted = fit_network(*discs, **gnn(epochs=30, **SMALL | {"device": "cuda"}))
    assert fitted.best.validation_accuracy > 0.92
    assert {p.device.type for p in fitted.network.parameters()} == {"cpu"}
