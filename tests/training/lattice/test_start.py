import numpy as np
import pytest
import torch
from forests import random_forest
from textures import striped
from untrained import untrained_lattice

import terrazzo as tz
from terrazzo.errors import ModelError, ParameterError
from terrazzo.models.lattice.network import LatticeNetwork
from terrazzo.regions.statistics.features import LATTICE_FEATURES
from terrazzo.training.lattice.start import Start

SMALL = tz.LatticeSettings(width=8, levels=2, blocks=1, pixel_width=8)
FEW = tz.LatticeTraining(steps=12, device="cpu")


@pytest.fixture(scope="module")
def pair():
    return striped(side=128, seed=0)


@pytest.fixture(scope="module")
def start(pair):
    return tz.fit(
        [pair[0]], [pair[1]], size=8, class_names={"bare": "#101010", "wood": "#f0f0f0"}, network=SMALL, training=FEW
    )


def test_a_fit_goes_on_with_weights_scaling_superpixels_and_classes(pair, start):
    still = tz.LatticeTraining(steps=1, learning_rate=1e-12, weight_decay=0, device="cpu")
    model = tz.fit([pair[0]], [pair[1]], training=still, start=start)
    assert (model.recipe, model.settings) == (start.recipe, start.settings)
    assert (model.class_names, model.colours) == (start.class_names, start.colours)
    np.testing.assert_array_equal(model.scales.row_mean, start.scales.row_mean)
    for name, weights in start.network.named_parameters():
        torch.testing.assert_close(dict(model.network.named_parameters())[name], weights, atol=1e-6, rtol=0)


def test_a_few_steps_from_a_model_are_worth_many_from_nothing():
    image, classes = striped(side=128, seed=0)
    network = tz.LatticeSettings(width=16, levels=2)
    long = tz.LatticeTraining(steps=150, device="cpu")
    start = tz.fit([image], [classes], size=8, network=network, training=long)
    other, truth = striped(side=128, seed=1)
    sparse = np.where(np.add.outer(np.arange(128), np.arange(128)) % 24 < 2, truth, 255)
    short = tz.LatticeTraining(steps=10, device="cpu")
    anew = tz.fit([other], [sparse], size=8, network=network, training=short)
    on = tz.fit([other], [sparse], training=short, start=start)
    right = [(tz.predict(model, other).compute() == truth).mean() for model in (anew, on)]
    assert right[1] > max(0.9, right[0])


def test_what_classes_agree_on_goes_by_their_names():
    before = untrained_lattice(classes=2, settings={"crf_steps": 1})
    start = Start(before, ("grass", "new", "ground"))
    network = untrained_lattice(classes=3, seed=1, settings={"crf_steps": 1}).network
    fresh, given = network.crf.agreement.clone(), before.network.crf.agreement
    start.into(network)
    found = network.crf.agreement
    assert torch.equal(found[0, 0], given[1, 1])
    assert torch.equal(found[0, 2], given[1, 0])
    assert torch.equal(found[1], fresh[1])
    assert torch.equal(found[:, 1], fresh[:, 1])
    assert torch.equal(network.crf.lines, before.network.crf.lines)


def test_rows_of_classes_go_by_their_names(start):
    names = ("wood", "new", "bare")
    config = start.network.config
    network = LatticeNetwork(type(config)(config.axes, config.node_columns, config.pixel_columns, 3, config.settings))
    fresh = {name: weights.clone() for name, weights in network.state_dict().items()}
    Start(start, names).into(network)
    for head in ("region", "decide"):
        for part in ("weight", "bias"):
            found, given = (one.state_dict()[f"{head}.{part}"] for one in (network, start.network))
            assert torch.equal(found[[0, 2]], given[[1, 0]])
            assert torch.equal(found[1], fresh[f"{head}.{part}"][1])
    assert torch.equal(network.inside.weight, start.network.inside.weight)


def test_classes_may_be_more_or_others(pair, start):
    three = np.where(np.arange(128) < 64, pair[1], 2 * (pair[1] > 0))
    names = ["bare", "wood", "late wood"]
    model = tz.fit([pair[0]], [three], class_names=names, training=FEW, start=start)
    assert model.class_names == tuple(names)
    assert model.network.region.out_features == 3


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"size": 16}, r"of the superpixels, size is \(16, 16\) and that of start \(8, 8\); leave them out"),
        ({"superpixels": tz.SuperpixelParameters((8, 8), sigma=2.0)}, "sigma is 2.0 and that of start 1.0"),
        (
            {"network": tz.LatticeSettings(width=32, levels=2, blocks=1, pixel_width=8)},
            "width is 32 and that of start 8",
        ),
        ({"features": LATTICE_FEATURES[:1]}, "give features=start.recipe.features"),
    ],
)
def test_what_must_agree_is_refused_in_one_sentence(pair, start, settings, sentence):
    with pytest.raises(ParameterError, match=sentence):
        tz.fit([pair[0]], [pair[1]], training=FEW, start=start, **settings)


def test_dropout_may_be_another(pair, start):
    network = tz.LatticeSettings(width=8, levels=2, blocks=1, pixel_width=8, dropout=0.3)
    assert tz.fit([pair[0]], [pair[1]], training=FEW, start=start, network=network).settings.dropout == 0.3


def test_other_channels_and_other_kinds_of_models_are_refused(pair, start):
    with pytest.raises(ModelError, match="the image has 3 channels and the model was fitted on 1"):
        tz.fit([np.stack([pair[0]] * 3)], [pair[1]], training=FEW, start=start)
    with pytest.raises(ParameterError, match="start is a random forest, and only a lattice network"):
        tz.fit([pair[0]], [pair[1]], training=FEW, start=random_forest())
    with pytest.raises(Exception, match="holds the value 2; with 2 classes"):
        tz.fit([pair[0]], [pair[1] * 2], training=FEW, start=start)
