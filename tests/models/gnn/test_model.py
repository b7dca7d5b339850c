from dataclasses import replace

import numpy as np
import pytest
import torch
from notebook_tables import shown
from segmented import blobs, graph_of, grid_of, segment, small_recipe
from untrained import untrained_model

from terrazzo.errors import ModelError, ParameterError
from terrazzo.regions.statistics.features import AREA

RECIPE = small_recipe()
GRID = grid_of((60, 70))


@pytest.fixture(scope="module")
def graph():
    return graph_of(segment(blobs(), GRID, RECIPE), RECIPE)


def test_each_node_gets_a_probability_per_class(graph):
    probabilities = untrained_model().class_probabilities(graph)
    assert probabilities.shape == (graph.number_of_nodes, 3)
    assert probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert len(set(probabilities.argmax(axis=1))) > 1


def test_the_backends_agree(graph):
    model = untrained_model()
    torch_only = model.class_probabilities(graph, backend="torch")
    assert np.allclose(model.class_probabilities(graph), torch_only, atol=1e-4)


def test_a_graph_with_other_features_is_refused(graph):
    model = untrained_model(small_recipe(features=(AREA,)))
    with pytest.raises(ModelError, match=r"build it with model\.recipe\.features on images with the same channels"):
        model.class_probabilities(graph)


def test_an_unknown_device_is_refused(graph):
    with pytest.raises(ParameterError, match="there is no device 'tpu'"):
        untrained_model().class_probabilities(graph, device="tpu")


def test_other_channels_are_refused():
    model = untrained_model()
    model.check_image(1, np.dtype(np.uint8))
    with pytest.raises(ModelError, match="the image has 3 channels and the model was fitted on 1"):
        model.check_image(3, np.dtype(np.uint8))


def test_the_fingerprint_is_that_of_what_decides_the_answer():
    model = untrained_model()
    assert model.fingerprint() == untrained_model().fingerprint()
    assert model.fingerprint() == replace(model, pixel_size=(1.0, 2.0), fitted={"epochs": 3.0}).fingerprint()
    wider = replace(model.recipe, superpixels=replace(model.recipe.superpixels, size=(9, 9)))
    others = [
        untrained_model(seed=1),
        replace(model, scaling=replace(model.scaling, node_std=model.scaling.node_std * 2)),
        replace(model, recipe=wider),
        replace(model, class_names=("a", "b", "c")),
    ]
    assert len({model.fingerprint(), *(other.fingerprint() for other in others)}) == 5


def test_one_changed_weight_changes_the_fingerprint():
    model, other = untrained_model(), untrained_model()
    with torch.no_grad():
        other.network.region.bias[0] += 1e-6
    assert model.fingerprint() != other.fingerprint()


def test_it_says_in_a_line_and_in_a_table_what_it_is():
    model = untrained_model(pixel_size=(0.5, 0.25), pixel_unit="micrometer", fitted={"epochs": 7, "seconds": 12.345})
    assert repr(model) == (
        "<terrazzo.Model: 1 level of width 16; superpixels of 6 x 6 pixels; 19 features from 1 channel; "
        "pixels of 0.5 x 0.25 micrometer; classes ground, grass, water>"
    )
    assert "\n" not in repr(untrained_model())
    rows = shown(model).rows
    assert rows["Network"] == "1 level of width 16"
    assert rows["Classes"].split() == ["ground", "grass", "water"]
    assert rows["Fitted"] == "epochs 7, seconds 12.35"
    assert "Fitted" not in shown(untrained_model()).rows


def test_names_of_classes_are_escaped():
    model = replace(untrained_model(), class_names=("<script>", "&", "ok"))
    assert "<script>" not in model._repr_html_()
    assert shown(model).rows["Classes"].split() == ["<script>", "&", "ok"]
