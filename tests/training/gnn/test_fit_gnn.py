from dataclasses import replace

import dask
import numpy as np
import pytest
import torch
from flat import gnn
from segmented import small_recipe
from textures import striped

import terrazzo as tz
from terrazzo.errors import ParameterError
from terrazzo.models.messages.backends import why_dgl_cannot
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.statistics.features import AREA, INTENSITY, POSITION, Statistic
from terrazzo.training.rules.schedule import FEWEST
from terrazzo.training.rules.splits import Split

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
needs_dgl = pytest.mark.skipif(why_dgl_cannot("cpu") is not None, reason=f"{why_dgl_cannot('cpu')}")
OWN = Statistic("own", tuple("abcd"), lambda regions: np.zeros((regions.area.size, 4)), per_channel=False)
RECIPE = small_recipe(features=(OWN,))
QUICK = {"levels": 1, "blocks": 1, "width": 16, "device": "cpu"}


def annotated(seed, side=16, truth=None):
    """Regions on a grid, a disc of class 1 on class 0, and noise that only neighbours help to see through."""
    rng = np.random.default_rng(seed)
    rows = np.arange(side * side).reshape(side, side)
    beside = np.stack([rows[:, :-1].ravel(), rows[:, 1:].ravel()])
    below = np.stack([rows[:-1].ravel(), rows[1:].ravel()])
    edges = np.hstack([beside, below])
    y, x = np.divmod(rows.ravel(), side)
    centre = rng.uniform(3, side - 3, 2)
    disc = np.hypot(y - centre[0], x - centre[1]) < side / 4
    features = rng.standard_normal((rows.size, 4)) * 3
    features[:, :2] += 3 * disc[:, None]
    graph = RegionGraph(
        ids=np.arange(1, rows.size + 1, dtype=np.uint32),
        positions=np.stack([y, x], axis=1) * 8.0,
        areas=np.full(rows.size, 64, np.uint32),
        node_features=features.astype(np.float32),
        edge_index=edges[:, np.lexsort(edges[::-1])],
        edge_features=np.zeros((edges.shape[1], 2), np.float32),
        node_columns=RECIPE.node_columns,
        edge_columns=RECIPE.edge_columns,
    )
    classes = disc if truth is None else truth(features, side)
    return graph, NodeTargets(np.where(classes[:, None], [2, 62], [64, 0]).astype(np.uint32))


def to_the_east(features, side):
    """A class that the eastern neighbour's first column tells, and none of the others."""
    grid = features[:, 0].reshape(side, side)
    return (np.roll(grid, -1, axis=1) > 0).ravel()


def several(number, **others):
    graphs, targets = zip(*(annotated(seed, **others) for seed in range(number)), strict=True)
    return list(graphs), list(targets)


@pytest.fixture(scope="module")
def discs():
    return several(6)


def fitted(pairs, **flat):
    return tz.fit_gnn(*pairs, recipe=RECIPE, **gnn(**QUICK | flat))


def accuracy_of(model, pairs):
    found = [
        (model.class_probabilities(graph).argmax(axis=1), target.counts) for graph, target in zip(*pairs, strict=True)
    ]
    right = [counts[np.arange(len(chosen)), chosen].sum() for chosen, counts in found]
    return sum(right) / sum(counts.sum() for _, counts in found)


def test_a_network_learns_what_a_region_alone_cannot_tell(discs):
    unseen = tuple([one] for one in annotated(100))
    alone = {"levels": 0, "finest": 0}
    heard, guessed = (accuracy_of(fitted(discs, steps=100, **shape), unseen) for shape in ({}, alone))
    assert heard > 0.92
    assert heard > guessed + 0.04


def test_a_network_learns_from_which_direction_a_neighbour_speaks_unless_graphs_are_turned():
    pairs, unseen = several(3, truth=to_the_east), several(1, truth=to_the_east)
    straight, turned = (fitted(pairs, steps=120, turns=turns, levels=0, dropout=0.0) for turns in (False, True))
    assert accuracy_of(straight, unseen) > 0.85
    assert accuracy_of(turned, unseen) < 0.75


def test_the_steps_that_seconds_came_to_give_the_same_weights_and_another_seed_gives_others(discs):
    limited = fitted(discs, seconds=1e-3)
    again, other = (fitted(discs, steps=limited.fitted["steps"], seed=seed) for seed in (0, 1))
    assert limited.fitted["steps"] == FEWEST
    assert again.fingerprint() == limited.fingerprint() != other.fingerprint()


@needs_dgl
def test_both_backends_learn_the_same(discs):
    dgl, plain = (fitted(discs, steps=5, dropout=0.0, backend=backend).tensors() for backend in ("dgl", "torch"))
    assert all(torch.allclose(dgl[name], plain[name], atol=1e-3) for name in dgl)


def test_the_random_state_of_torch_is_left_alone(discs):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    fitted(discs, steps=1)
    assert torch.equal(torch.rand(3), expected)


def test_held_out_nodes_leave_no_trace_in_training(discs):
    """Whatever the held-out nodes look like, the weights after one step and the scaling are the same."""
    graphs, targets = discs[0][:3], discs[1][:3]
    rows = np.arange(256)
    split = Split((rows, rows[:128], rows[:0]), (rows[:0], rows[192:], rows))
    changed = [graphs[0], *(replace(g, node_features=g.node_features.copy()) for g in graphs[1:])]
    changed[1].node_features[128:] = 1e3
    changed[2].node_features[:] = -1e3
    first, second = (fitted((g, targets), split=split, steps=1) for g in (graphs, changed))
    assert first.fingerprint() == second.fingerprint()
    assert first.fitted["validation_loss"] != second.fitted["validation_loss"]


def test_one_graph_is_split_by_tiles_and_learnt_in_pieces():
    pair = several(1, side=40)
    model = fitted(pair, steps=100, batch_nodes=300)
    assert model.fitted["validation_accuracy"] > 0.9


def test_scribbles_are_enough(discs):
    few = np.random.default_rng(0).random((6, 256, 1)) < 0.15
    sparse = [NodeTargets(t.counts * keep.astype(np.uint32)) for t, keep in zip(discs[1], few, strict=True)]
    assert accuracy_of(fitted((discs[0], sparse), steps=100), several(1)) > 0.85


@pytest.fixture(scope="module")
def measured():
    recipe = small_recipe(size=(8, 8), features=(AREA, INTENSITY))
    pairs = [
        tz.annotated_graph(image / 255, dask.array.from_array(classes), recipe=recipe, classes=2)
        for image, classes in (striped(seed=seed) for seed in range(3))
    ]
    return recipe, [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def test_what_is_fitted_on_graphs_of_images_predicts_them(measured):
    recipe, *lazy = measured
    names = {"a": "#000000", "b": "#ffffff"}
    told = []
    with tz.on_progress(lambda step: told.append(step.detail) if step.name == "epochs" else None):
        model = tz.fit_gnn(*lazy, recipe=recipe, class_names=names, pixel_size=(2.0, 3.0), **gnn(steps=60, **QUICK))
    image, classes = striped(seed=9)
    assert np.mean(tz.predict(model, image / 255).compute() == classes) > 0.9
    assert (model.class_names, model.colours, model.pixel_size) == (("a", "b"), ("#000000", "#ffffff"), (2.0, 3.0))
    assert model.fitted["epochs"] == len(told) == 2
    assert model.fitted["validation_mean_iou"] == max(epoch.validation_mean_iou for epoch in told)
    computed = [list(dask.compute(*values)) for values in lazy]
    again = tz.fit_gnn(*computed, recipe=recipe, class_names=names, **gnn(steps=60, **QUICK))
    assert again.fingerprint() == model.fingerprint()


def test_another_exposure_is_learned_with_from_columns_that_follow_it(measured):
    recipe, *lazy = measured
    straight, altered = (
        tz.fit_gnn(*lazy, recipe=recipe, **gnn(steps=2, contrast=width, brightness=width, **QUICK))
        for width in (0, 0.5)
    )
    assert straight.fingerprint() != altered.fingerprint()
    own = several(2)
    assert fitted(own, steps=2, contrast=0.5, brightness=0.5).fingerprint() == fitted(own, steps=2).fingerprint()


def test_nothing_is_turned_where_a_feature_knows_directions(measured, caplog):
    recipe = replace(measured[0], features=(INTENSITY, POSITION))
    image, classes = striped()
    pair = tz.annotated_graph(image, classes, recipe=recipe, classes=2)
    models = [tz.fit_gnn([pair[0]], [pair[1]], recipe=recipe, **gnn(steps=1, turns=t, **QUICK)) for t in (True, False)]
    assert models[0].fingerprint() == models[1].fingerprint()
    assert "nothing is turned or mirrored in training, since position knows directions" in caplog.text


def test_a_graph_of_a_volume_is_learned():
    volume, classes = (np.stack([one] * 6) for one in striped(side=48))
    recipe = small_recipe(size=(2, 6, 6), features=(AREA, INTENSITY))
    pair = tz.annotated_graph(volume / 255, classes, recipe=recipe, classes=2)
    model = tz.fit_gnn([pair[0]], [pair[1]], recipe=recipe, **gnn(steps=30, crf_steps=2, **QUICK))
    assert np.mean(tz.predict(model, volume / 255).compute() == classes) > 0.8
    assert all(weights.abs().max() > 1e-4 for weights in (model.network.crf.lines, model.network.crf.boundary))


def test_mistakes_are_told_in_one_sentence(discs):
    graphs, targets = discs
    one_class = [NodeTargets(t.counts * np.array([1, 0], np.uint32)) for t in targets]
    nothing = [NodeTargets(np.zeros_like(t.counts)) for t in targets]
    wide = NodeTargets(np.zeros((256, 3), np.uint32))
    flat = replace(graphs[0], positions=np.zeros((256, 3)))
    unlike = replace(graphs[0], edge_columns=("length", "contrast"))
    with pytest.raises(ParameterError, match="graph 0 has the edge features length, contrast and the recipe"):
        fitted(([unlike], targets[:1]), crf_steps=1)
    rows, none = np.arange(256), np.zeros(0, int)
    background = tuple(np.flatnonzero(t.counts[:, 1] == 0) for t in targets)
    for arguments, options, message in (
        ((graphs, targets[1:]), {}, "6 graphs came with 5 targets; give one target per graph"),
        (([], []), {}, "0 graphs came with 0 targets"),
        ((graphs, [NodeTargets(targets[0].counts[:9]), *targets[1:]]), {}, "graph 0 has 256 nodes and its targets 9"),
        (
            ([replace(graphs[0], node_columns=tuple("abce"))], targets[:1]),
            {},
            "graph 0 has other features than the recipe",
        ),
        (
            ([flat], targets[:1]),
            {},
            "graph 0 has 3 axes and the recipe's superpixels 2; give a Recipe with superpixels",
        ),
        ((graphs[:2], [targets[0], wide]), {}, "targets 1 have 3 classes and targets 0 have 2"),
        ((graphs, one_class), {}, "class 0 is the only one annotated"),
        ((graphs, nothing), {}, "no pixel is annotated"),
        (discs, {"class_names": ["a", "b", "c"]}, r"class_names are \('a', 'b', 'c'\); give 2 different ones"),
        (discs, {"split": Split((none,) * 6, (rows,) * 6)}, "no training node"),
        (discs, {"split": Split(background, (rows,) * 6)}, "class 1 is annotated, but on no training node"),
        (discs, {"split": Split((rows,) * 6, (none,) * 6)}, "no annotated pixel for validation"),
        (discs, {"batch_nodes": 0}, "batch_nodes is 0"),
        (discs, {"brightness": -1}, "brightness is -1; it must be at least 0"),
        (discs, {"device": "gpu"}, "there is no device 'gpu'"),
        (discs, {"decision": "pixel"}, "decision is 'pixel'; a graph comes without pixels"),
    ):
        with pytest.raises(ParameterError, match=message):
            tz.fit_gnn(*arguments, recipe=RECIPE, **gnn(**QUICK | {"steps": 1} | options))
    with pytest.raises(
        ParameterError, match="the network is a LatticeSettings and the training a GNNTraining; on graphs"
    ):
        tz.fit_gnn(*discs, recipe=RECIPE, network=tz.LatticeSettings())


@pytest.mark.gpu
@needs_gpu
def test_a_gpu_learns_too(discs):
    model = fitted(discs, steps=100, device="cuda")
    assert model.fitted["validation_accuracy"] > 0.92
