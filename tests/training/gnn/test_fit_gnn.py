import dask
import numpy as np
import pytest
from flat import gnn
from segmented import small_recipe
from textures import striped

import terrazzo as tz
from terrazzo.errors import ParameterError
from terrazzo.regions.statistics.features import AREA

RECIPE = small_recipe(size=(8, 8))
QUICK = {"epochs": 12, "layers": 2, "width": 16, "device": "cpu"}


def lazy_pair(seed):
    image, classes = striped(seed=seed)
    pair = tz.annotated_graph(image / 255, dask.array.from_array(classes), recipe=RECIPE, classes=2)
    return pair[0], pair[1]


@pytest.fixture(scope="module")
def lazy():
    return list(zip(*(lazy_pair(seed) for seed in range(3)), strict=True))


@pytest.fixture(scope="module")
def computed(lazy):
    return [list(dask.compute(*values)) for values in lazy]


def test_a_model_is_fitted_on_graphs_and_targets(computed):
    model = tz.fit_gnn(*computed, recipe=RECIPE, **gnn(**QUICK))
    graph, targets = dask.compute(*lazy_pair(9))
    right = targets.fractions[np.arange(graph.number_of_nodes), model.class_probabilities(graph).argmax(axis=1)]
    assert right.mean() > 0.9
    assert model.recipe == RECIPE


def test_lazy_graphs_are_computed(lazy, computed):
    expected = tz.fit_gnn(*computed, recipe=RECIPE, **gnn(**QUICK)).fingerprint()
    assert tz.fit_gnn(*lazy, recipe=RECIPE, **gnn(**QUICK)).fingerprint() == expected


def test_names_colours_and_figures_go_with_the_model(computed):
    told = []
    names = {"class_names": {"a": "#000000", "b": "#ffffff"}, "pixel_size": (2.0, 3.0)}
    with tz.on_progress(lambda step: told.append(step.detail)):
        model = tz.fit_gnn(*computed, recipe=RECIPE, **gnn(**names, **QUICK))
    assert (model.class_names, model.colours, model.pixel_size) == (("a", "b"), ("#000000", "#ffffff"), (2.0, 3.0))
    assert model.fitted["epochs"] == len(told)
    best = min(told, key=lambda epoch: epoch.validation_loss)
    assert model.fitted["best_epoch"] == best.epoch
    assert model.fitted["validation_accuracy"] == best.validation_accuracy


def test_without_names_classes_are_numbered_and_coloured_differently(computed):
    model = tz.fit_gnn(*computed, recipe=RECIPE, **gnn(**QUICK | {"epochs": 1}))
    assert model.class_names == ("class 0", "class 1")
    assert len(set(model.colours)) == 2


def test_graphs_of_another_recipe_are_refused(computed):
    with pytest.raises(
        ParameterError, match=r"has other features than the recipe; build all graphs with recipe\.features"
    ):
        tz.fit_gnn(*computed, recipe=small_recipe(features=(AREA,)), **gnn(**QUICK))


@pytest.mark.parametrize("count", [0, 2])
def test_graphs_and_targets_come_in_pairs(computed, count):
    graphs, targets = computed
    with pytest.raises(ParameterError, match=f"{count} graphs came with 3 targets; give one target per graph"):
        tz.fit_gnn(graphs[:count], targets, recipe=RECIPE, **gnn(**QUICK))


def test_there_is_one_name_per_class(computed):
    with pytest.raises(ParameterError, match=r"class_names are \('a', 'b', 'c'\); give 2 different ones"):
        tz.fit_gnn(*computed, recipe=RECIPE, class_names=["a", "b", "c"], **gnn(**QUICK))
