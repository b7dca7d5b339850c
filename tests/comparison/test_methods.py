import numpy as np
import pytest
import torch
from untrained import untrained_model

import terrazzo as tz
from terrazzo.comparison.methods import METHODS, find_method
from terrazzo.comparison.methods.gnn import figures, multiply_adds_per_node
from terrazzo.comparison.stage import halved
from terrazzo.models.gnn import GNN


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


def test_settings_are_halved_in_turn():
    tried = list(halved({"batch": 4, "patch": 128, "base": 16}, ("batch", "patch")))
    assert tried == [
        {"batch": 2, "patch": 128},
        {"batch": 1, "patch": 128},
        {"batch": 1, "patch": 64},
        {"batch": 1, "patch": 32},
    ]
