import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from segmented import blobs, graph_of, grid_of, segment, small_recipe
from slow_mean_field import mean_field
from untrained import agreeing, untrained_model

import terrazzo as tz
from terrazzo.errors import ParameterError
from terrazzo.models.messages.mean_field import MeanField
from terrazzo.models.messages.touching_pairs import TouchingPairs


def random_case(axes, nodes, classes, seed):
    rng = np.random.default_rng(seed)
    ends = np.stack(np.triu_indices(nodes, 1))
    ends = ends[:, rng.random(ends.shape[1]) < 0.3]
    number = ends.shape[1]
    features = np.concatenate([rng.integers(1, 40, (number, 1)), rng.random((number, 2))], axis=1).astype(np.float32)
    logits = rng.normal(0, 2, (nodes, classes)).astype(np.float32)
    return logits, ends, features, rng.normal(size=(number, axes))


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([2, 3]), st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_it_is_the_mean_field_of_a_plain_loop(axes, nodes, classes, steps, seed):
    logits, ends, features, offsets = random_case(axes, nodes, classes, seed)
    crf = MeanField(axes, 3, classes, steps)
    agreeing(crf)
    pairs = TouchingPairs.of(ends, features, offsets)
    with torch.inference_mode():
        found = crf(torch.from_numpy(logits), pairs).numpy()
    assert np.allclose(found, mean_field(crf, logits, ends, features, offsets), atol=1e-4)


def test_a_region_hears_no_other_that_is_more_boundaries_away_than_there_are_steps():
    crf = MeanField(2, 1, 2, 2)
    ends = np.stack([np.arange(5), np.arange(1, 6)])
    pairs = TouchingPairs.of(ends, np.ones((5, 1), np.float32), np.ones((5, 2)))
    logits = torch.zeros(6, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad((logits + crf(logits, pairs))[0, 0], logits)
    assert gradient.abs().sum(dim=1).ne(0).tolist() == [True, True, True, False, False, False]


def test_an_edge_weighs_the_same_from_both_sides_and_mirrored():
    offsets = np.array([[1.0, 2.0], [-1.0, -2.0], [0.1, -1.0], [0.0, 1.0]])
    lines = TouchingPairs.of(np.zeros((2, 4), np.int64), np.ones((4, 1), np.float32), offsets).lines
    assert lines[0] == lines[1]
    assert lines[2] == lines[3] != lines[0]


def test_it_smooths_what_neighbours_agree_on():
    logits = torch.tensor([[2.0, 0.0]] * 4 + [[0.0, 0.1]])
    ends = np.array([[0, 1, 2, 3], [4, 4, 4, 4]])
    pairs = TouchingPairs.of(ends, np.ones((4, 1), np.float32), np.ones((4, 2)))
    found = logits + MeanField(2, 1, 2, 3)(logits, pairs)
    assert found.argmax(dim=1).tolist() == [0] * 5


def test_a_model_on_region_graphs_says_what_the_loop_says():
    recipe = small_recipe()
    graph = graph_of(segment(blobs(), grid_of((60, 70)), recipe), recipe)
    model = untrained_model(recipe, settings={"crf_steps": 2})
    plain = untrained_model(recipe)
    plain.network.load_state_dict(
        {name: value for name, value in model.network.state_dict().items() if not name.startswith("crf.")}
    )
    alone, places = plain.logits(graph), graph.positions / 6
    apart = places[graph.edge_index[1]] - places[graph.edge_index[0]]
    added = mean_field(model.network.crf, alone, graph.edge_index, graph.edge_features, apart)
    assert np.allclose(model.logits(graph), alone + added, atol=1e-4)
    assert np.abs(added).max() > 0.1


@pytest.mark.parametrize("steps", [-1, 21])
def test_a_number_of_steps_out_of_range_is_told_in_one_sentence(steps):
    with pytest.raises(ParameterError, match="crf_steps of a lattice network is"):
        tz.LatticeSettings(crf_steps=steps)
