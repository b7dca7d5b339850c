"""Settings that have a wrong name, or come as names and values alone."""

import pickle
from dataclasses import FrozenInstanceError, fields, replace

import pytest

import terrazzo as tz
from terrazzo.comparison.settings import flat_settings
from terrazzo.errors import ParameterError
from terrazzo.settings import answers, spread

KINDS = [
    tz.ForestTraining,
    tz.GNNSettings,
    tz.GNNTraining,
    tz.Limits,
    tz.Splitting,
    tz.SuperpixelParameters,
    tz.Sweeps,
    tz.UNetSettings,
    tz.UNetTraining,
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_defaults_is_frozen_hashed_copied_and_documented(kind):
    value = kind()
    assert hash(value) == hash(kind())
    assert pickle.loads(pickle.dumps(value)) == value == replace(value)
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(kind)[0].name, None)
    for field in fields(kind):
        assert field.name in kind.__doc__


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_name_is_answered_with_the_right_one(kind):
    right = fields(kind)[0].name
    with pytest.raises(
        ParameterError, match=rf"no setting '{right}x' \(perhaps '{right}' is meant\); those of {kind.__name__}"
    ):
        kind(**{f"{right}x": 1})


def test_flat_settings_are_spread_over_the_values_that_have_them():
    flat = {"width": 8, "epochs": 3, "dropout": 0.5, "validation": [1, 2]}
    network, training = spread(flat, tz.GNNSettings, tz.GNNTraining)
    assert network == tz.GNNSettings(width=8, dropout=0.5)
    assert training == tz.GNNTraining(epochs=3, validation=(1, 2))


def test_a_flat_setting_of_no_value_is_answered_with_the_nearest_of_all():
    with pytest.raises(
        ParameterError, match=r"'epoch' \(perhaps 'epochs' is meant\); those of UNetSettings and UNetTraining are"
    ):
        spread({"epoch": 3}, tz.UNetSettings, tz.UNetTraining)
    with pytest.raises(ParameterError, match="there is no setting 'qqq'; those of ForestTraining are samples, trees"):
        spread({"qqq": 3}, tz.ForestTraining)


def test_a_function_answers_a_setting_with_the_parameter_that_holds_it():
    @answers(network=tz.UNetSettings, training=tz.UNetTraining)
    def fit(images, *, network=None, training=None):
        return images, network, training

    assert fit(1, network=2) == (1, 2, None)
    with pytest.raises(ParameterError, match=r"fit has no parameter 'base'; write network=UNetSettings\(base=…\)"):
        fit(1, base=64)
    with pytest.raises(ParameterError, match=r"'bases' \(perhaps 'base' is meant\); it has images, network, training"):
        fit(1, bases=64)


def test_values_are_flattened_to_what_is_no_default():
    values = (tz.UNetSettings(base=64, kernels=[(1, 3, 3)]), tz.UNetTraining(batch=4))
    assert flat_settings(values) == {"base": 64, "kernels": ((1, 3, 3),), "batch": 4}
    assert flat_settings(tz.ForestTraining()) == {}
    assert flat_settings({"size": 8}) == {"size": 8}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tz.GNNSettings(finest=-1), "finest of a network on region graphs is -1; it must be at least 0"),
        (
            lambda: tz.GNNSettings(decision="pixel"),
            "decision is 'pixel'; a graph comes without pixels, so that its regions",
        ),
        (
            lambda: tz.GNNSettings(aggregation="mean"),
            "there is no setting 'aggregation'; those of GNNSettings are width",
        ),
        (lambda: tz.GNNTraining(streaming=True), "there is no setting 'streaming'"),
        (lambda: tz.UNetSettings(depth=0), "depth of a U-Net is 0; it must be a whole number of at least 1"),
        (lambda: tz.UNetSettings(dropout=1), "dropout of a U-Net is 1"),
        (lambda: tz.UNetTraining(batch=0), "batch is 0; it must be at least 1"),
        (lambda: tz.GNNTraining(backend="jax"), "there is no backend 'jax'; use 'auto', 'dgl' or 'torch'"),
        (lambda: tz.Limits(epochs=0), "epochs is 0; it must be at least 1, or left out for each network's own$"),
        (lambda: tz.Limits(seconds=0), "seconds is 0; it must be above 0, or left out$"),
        (lambda: tz.UNetTraining(steps=0), "steps is 0; it must be at least 1, or left out$"),
        (lambda: tz.Splitting(gap=-1), "gap is -1; it must be at least 0"),
        (lambda: tz.Splitting(folds=0), "folds is 0; give 1 for one split"),
        (lambda: tz.Sweeps(sizes=(1, 8)), r"sizes are \[1, 8\]; each must be at least 2 pixels"),
    ],
)
def test_what_is_out_of_range_is_one_sentence(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_public_functions_have_few_parameters():
    from inspect import isfunction, signature

    for name in tz.__all__:
        value = getattr(tz, name)
        if isfunction(value) and name in ("fit", "fit_forest", "fit_gnn", "fit_unet", "compare"):
            # start stands for superpixels, features and network at once
            assert len([own for own in signature(value).parameters if own != "start"]) <= 9, name


def test_progress_is_the_function_of_that_name():
    told = []
    with tz.on_progress(told.append):
        from terrazzo.progress import tell

        tell(tz.Step("epochs", 1, 2))
    assert told == [tz.Step("epochs", 1, 2)]
