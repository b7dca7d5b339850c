import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from segmented import blobs, graph_of, grid_of, segment, small_recipe
from untrained import untrained_model

from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.training.gnn.batches import Maker
from terrazzo.training.gnn.windows import Drawing, Window, turned, with_context

RECIPE, UNIT = small_recipe(), (6, 6)
GRAPHS = [graph_of(segment(blobs(shape), grid_of(shape), RECIPE), RECIPE) for shape in ((60, 70), (90, 120))]
WHOLE = [np.arange(graph.number_of_nodes) for graph in GRAPHS]


def random_counts(nodes, share, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.integers(0, 9, (nodes, 3)) * (rng.random((nodes, 1)) < share)).astype(np.uint32)


def maker_of(model, backend="auto"):
    return Maker(model.scaling, UNIT, model.network.config.settings, torch.device("cpu"), backend)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2), st.integers(0, 1), st.integers(10, 200), st.sampled_from([0.0, 0.05, 1.0]))
def test_every_annotated_row_is_answered_for_once_with_all_that_it_depends_on(levels, finest, most, share):
    graph, rows = GRAPHS[1], WHOLE[1][::2]
    counts = random_counts(graph.number_of_nodes, share)
    shape = {"levels": levels, "finest": finest, "crf_steps": levels}
    model = untrained_model(RECIPE, settings=shape)
    whole, answered = model.logits(graph), [np.zeros(0, int)]
    for window in with_context(graph, counts, rows, GNNSettings(blocks=1, **shape), UNIT, most):
        own = window.counts.any(axis=1)
        mine = np.searchsorted(graph.ids, window.graph.ids[own])
        assert np.array_equal(window.counts[own], counts[mine])
        assert window.graph.number_of_nodes <= most or own.sum() == 1
        assert np.allclose(model.logits(window.graph)[own], whole[mine], atol=1e-4)
        answered.append(mine)
    assert sorted(np.concatenate(answered)) == [row for row in rows if counts[row].any()]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 400), st.integers(0, 99))
def test_a_window_has_the_regions_nearest_to_a_place_and_one_that_is_annotated(nodes, seed):
    counts = [np.zeros((len(rows), 3), np.uint32) for rows in WHOLE]
    annotated = np.random.default_rng(seed).integers(len(WHOLE[1]))
    counts[1][annotated] = 5
    drawing = Drawing(GRAPHS, [NodeTargets(one) for one in counts], UNIT)
    window = drawing.drawn(np.random.default_rng(seed), nodes)
    assert window.graph.number_of_nodes == min(nodes, GRAPHS[1].number_of_nodes)
    assert GRAPHS[1].ids[annotated] in window.graph.ids
    assert np.array_equal(counts[1][np.searchsorted(GRAPHS[1].ids, window.graph.ids)], window.counts)


def test_graphs_are_drawn_by_their_annotated_area():
    counts = [random_counts(len(rows), 1.0) * weight for rows, weight in zip(WHOLE, (9, 1), strict=True)]
    drawing = Drawing(GRAPHS, [NodeTargets(one) for one in counts], UNIT)
    rng = np.random.default_rng(0)
    first = np.mean([drawing.drawn(rng, 10**6).graph is GRAPHS[0] for _ in range(500)])
    assert first == pytest.approx(counts[0].sum() / (counts[0].sum() + counts[1].sum()), abs=0.06)


def test_windows_in_one_batch_say_nothing_to_each_other():
    model = untrained_model(RECIPE, settings={"levels": 2, "crf_steps": 2})
    windows = [Window(graph, random_counts(graph.number_of_nodes, 1.0, seed)) for seed, graph in enumerate(GRAPHS)]
    batch = maker_of(model).batch([*windows, windows[0]])
    with torch.inference_mode():
        logits = batch.logits(model.network).numpy()
    expected = np.concatenate([model.logits(window.graph) for window in (*windows, windows[0])])
    assert np.allclose(logits, expected, atol=1e-4)
    counts = np.concatenate([window.counts for window in (*windows, windows[0])])
    graded = batch.graded(model.network, None)
    right = counts[np.arange(len(counts)), expected.argmax(axis=1)].sum() / counts.sum()
    assert float(graded.accuracy) == pytest.approx(right, abs=1e-5)
    assert np.allclose(graded.confusion.sum(dim=1).numpy(), counts.sum(axis=0), rtol=1e-5)


def test_a_turned_window_is_that_of_a_turned_image():
    rng, seen = np.random.default_rng(0), set()
    window = Window(GRAPHS[0], random_counts(len(WHOLE[0]), 1.0))
    for _ in range(100):
        other = turned(window, rng, UNIT).graph.positions
        y, x = window.graph.positions.T
        ways = {
            (a, b, swapped): np.stack([b * x, a * y] if swapped else [a * y, b * x], axis=1)
            for a, b, swapped in itertools.product((1, -1), (1, -1), (False, True))
        }
        seen |= {way for way, positions in ways.items() if np.array_equal(positions, other)}
    assert len(seen) == 8
    straight = {turned(window, rng, (6, 5)).graph.positions[0, 0] in (y[0], -y[0]) for _ in range(20)}
    assert straight == {True}
    assert replace(turned(window, rng, UNIT).graph, positions=window.graph.positions).equals(window.graph)
