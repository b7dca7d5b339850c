import numpy as np
import pytest
import torch
from textures import NAMES
from untrained import untrained_model

import terrazzo as tz
from terrazzo.comparison.assignment import Assignment, named_sources
from terrazzo.comparison.methods import METHODS, find_method, shrinkable
from terrazzo.comparison.methods.gnn import figures, multiply_adds_per_node
from terrazzo.errors import ParameterError
from terrazzo.models.gnn.network import GNN
from terrazzo.training.rules.training import GNNTraining


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_what_one_needs(name):
    assert find_method(name).TITLE


@pytest.mark.parametrize("aggregation", ["mean", "attention"])
def test_multiply_adds_of_a_node_are_those_of_the_linear_layers(aggregation):
    network = untrained_model(aggregation=aggregation, layers=3).network
    assert isinstance(network, GNN)
    at_edges = [one.neighbours.edge for one in network.layers if aggregation == "attention"]
    linear = [one for one in network.modules() if isinstance(one, torch.nn.Linear) and one not in at_edges]
    assert multiply_adds_per_node(network.config) == sum(one.weight.numel() for one in linear)


def test_multiply_adds_per_pixel_follow_from_superpixels_and_edges(tmp_path):
    model = untrained_model(layers=0)
    tz.write_ome_zarr(tmp_path / "image", np.random.default_rng(0).random((60, 60)).astype(np.float32), axes="yx")
    result = tz.write_prediction(model, tz.open_image(tmp_path / "image"), tmp_path / "result.zarr")
    found = figures(model, result)
    nodes = result.run["figures"]["superpixels"] / 3600
    assert found["multiply_adds_per_pixel"] == nodes * multiply_adds_per_node(model.network.config)
    assert found["parameters"] == sum(one.numel() for one in model.network.parameters())


def test_what_is_halved_of_a_unet_is_what_its_fit_would_use(tmp_path):
    def shrinkable_of(shape, **settings):
        image, truth = np.zeros(shape, np.uint8), np.zeros(shape[1:], np.uint8)
        sources = named_sources([image], [truth], tmp_path / str(len(list(tmp_path.iterdir()))))
        return shrinkable(find_method("unet"), Assignment(tuple(sources), (), NAMES, settings=settings))

    assert shrinkable_of((1, 500, 100)) == {"batch": 8, "patch": [128, 112]}
    assert shrinkable_of((1, 500, 700), batch=3, patch=64) == {"batch": 3, "patch": 64}
    assert shrinkable_of((1, 80, 90, 90)) == {"batch": 8, "patch": 64}
    assert shrinkable_of((1, 80, 90, 90), depth=2, patch=[4, 64, 64]) == {"batch": 8, "patch": [4, 64, 64]}
    assert shrinkable(find_method("gnn"), Assignment((), (), NAMES)) == {}


def test_steps_of_a_method_go_before_the_seconds_of_all():
    def training_of(**settings):
        return Assignment((), (), NAMES, seconds=60, epochs=3, settings=settings).values(GNNTraining)[0]

    assert (training_of(steps=9).steps, training_of(steps=9).seconds) == (9, None)
    assert (training_of().steps, training_of().seconds) == (None, 60)
    with pytest.raises(ParameterError, match="leave one out"):
        training_of(steps=9, seconds=30)
