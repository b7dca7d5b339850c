import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from flat import unet
from hypothesis import given
from hypothesis import strategies as st
from textures import striped

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError
from terrazzo.models.unet.description import Convolution, Level, Path, UNetDescription, unet_description
from terrazzo.progress import STEPS
from terrazzo.training.rules.patch_source import held
from terrazzo.training.rules.schedule import FEWEST, LEAST_STEPS
from terrazzo.training.rules.split_sources import split_sources
from terrazzo.training.unet.fit_unet import patch_shape
from terrazzo.training.unet.train_unet import intensity_scaling, validation_patches

SMALL = {"base": 4, "depth": 2, "patch": 32, "batch": 4, "device": "cpu"}
SECTIONS = {"base": 4, "depth": 1, "kernels": [(1, 3, 3)], "pools": [(1, 2, 2)]}
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")


@pytest.fixture(scope="module")
def pair():
    return striped(seed=0)


def test_a_texture_is_learned_and_told_apart_in_another_image(pair):
    model = tz.fit_unet([pair[0]], [pair[1]], **unet(**SMALL, epochs=9))
    image, truth = striped(seed=1)
    assert (tz.predict(model, image).compute() == truth).mean() > 0.9
    assert model.fitted["validation_accuracy"] > 0.9


def test_scribbles_are_enough(pair):
    image, truth = pair
    scribbled = np.where(np.random.default_rng(0).random(truth.shape) < 0.03, truth, 255).astype(np.uint8)
    model = tz.fit_unet([image], [scribbled], **unet(**SMALL, epochs=12))
    assert (tz.predict(model, image).compute() == truth).mean() > 0.85


def test_the_same_seed_gives_the_same_weights_and_leaves_torch_as_it_was(pair):
    state = torch.random.get_rng_state()
    first, second, third = (
        tz.fit_unet([pair[0]], [pair[1]], **unet(**SMALL, epochs=1, seed=seed)) for seed in (3, 3, 4)
    )
    assert first.fingerprint() == second.fingerprint() != third.fingerprint()
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("most", [0, 2**20])
def test_files_and_arrays_in_any_chunks_held_or_not_give_the_same_weights(pair, tmp_path, monkeypatch, most):
    import dask.array as da

    monkeypatch.setattr("terrazzo.training.unet.fit_unet.held", partial(held, most=most))
    for name, array in zip(("image", "truth"), pair, strict=True):
        tz.write_ome_zarr(tmp_path / f"{name}.ome.zarr", array, axes="yx", chunks=(30, 50))
    stored = tz.open_image(tmp_path / "image.ome.zarr"), tz.open_labels(tmp_path / "truth.ome.zarr")
    lazy = tuple(da.from_array(array, chunks=37) for array in pair)
    fits = [tz.fit_unet([image], [truth], **unet(**SMALL, epochs=1)) for image, truth in (pair, stored, lazy)]
    assert len({fitted.fingerprint() for fitted in fits}) == 1


def test_whole_images_are_held_out_as_the_graph_network_does():
    image, truth = striped(seed=0)
    sources = split_sources([image[None]] * 5, [truth[None]] * 5, 2, seed=7)
    from terrazzo.training.rules.splits import hold_out_graphs

    counts = [np.bincount(truth.ravel())[None]] * 5
    held = [bool(source.held_out) for source in sources]
    assert np.flatnonzero(held).tolist() == hold_out_graphs(counts, 0.2, 7)[1].tolist()
    assert sum(held) == 1


def test_scaling_is_of_training_pixels_alone():
    image, truth = striped(seed=0)
    images = [np.full((1, *image.shape), float(value)) for value in range(5)]
    sources = split_sources(images, [truth[None]] * 5, 2, seed=0)
    kept = [value for value, source in enumerate(sources) if not source.held_out]
    mean, spread = intensity_scaling(sources, 0)
    assert mean[0] == pytest.approx(np.mean(kept), abs=0.5)
    assert 0.5 < spread[0] < 2
    constant = split_sources([images[2]] * 3, [truth[None]] * 3, 2)
    assert intensity_scaling(constant, 0) == ((2.0,), (1.0,))


def test_a_volume_is_learned_by_a_hybrid_and_its_random_field():
    rng = np.random.default_rng(0)
    truth = np.zeros((12, 64, 64), np.uint8)
    truth[:, :, 32:] = 1
    truth[:, 16:48] = 1 - truth[:, 16:48]
    volume = (truth + 0.3 * rng.standard_normal(truth.shape)).astype(np.float32)
    model = tz.fit_unet(
        [volume],
        [truth],
        axes=3,
        **unet(**SECTIONS, pyramid=4, crf=1, patch=(4, 16, 16), epochs=6, loss="dice", boundary=1.0),
    )
    assert model.axes == 3
    assert (tz.predict(model, volume, block=16).compute() == truth).mean() > 0.9


def test_the_steps_that_seconds_came_to_give_the_same_weights_and_each_epoch_is_told(pair):
    told = []
    with tz.on_progress(told.append):
        limited = tz.fit_unet([pair[0]], [pair[1]], **unet(**SMALL, seconds=2))
    steps, epochs = limited.fitted["steps"], int(limited.fitted["epochs"])
    assert steps >= FEWEST
    assert [(step.name, step.done, step.detail.epoch) for step in told if step.name != STEPS] == [
        ("epochs", n, n) for n in range(1, epochs + 1)
    ]
    assert told[-1].total == epochs
    again = tz.fit_unet([pair[0]], [pair[1]], **unet(**SMALL, steps=steps))
    assert again.fingerprint() == limited.fingerprint()


def test_seconds_count_what_is_read_before_training(pair, monkeypatch, caplog):
    def slowly(*given, **settings):
        time.sleep(0.6)
        return split_sources(*given, **settings)

    monkeypatch.setattr("terrazzo.training.unet.fit_unet.split_sources", slowly)
    model = tz.fit_unet([pair[0]], [pair[1]], **unet(**SMALL, seconds=0.5))
    assert FEWEST <= model.fitted["steps"] <= LEAST_STEPS
    assert "0.5 s are too few for 40 steps and what comes before them" in caplog.text


@given(st.integers(1, 200), st.integers(1, 32))
def test_an_epoch_is_judged_by_a_sixth_of_the_patches_that_it_learned_from(steps, batch):
    most = validation_patches(steps, batch)
    assert 1 <= most <= max(steps * batch / 6, batch)
    assert most <= 64


def test_rare_classes_count_for_more_unless_told_otherwise(pair):
    image, truth = pair
    rare = np.where(np.arange(truth.size).reshape(truth.shape) % 29 == 0, truth, 0).astype(np.uint8)
    losses = []
    for options in ({}, {"weighting": "balanced"}, {"weighting": None}):
        model = tz.fit_unet([image], [rare], **unet(**SMALL, steps=2, **options))
        losses.append(model.fitted["validation_loss"])
    assert losses[0] == losses[1] != losses[2]


def test_a_patch_is_the_default_or_what_the_images_have_in_whole_strides():
    description = unet_description(1, 2, depth=4)
    assert patch_shape(description, [(1000, 900)]) == (128, 128)
    assert patch_shape(description, [(100, 40), (90, 500)]) == (112, 128)
    assert patch_shape(description, [(100, 40)], 48) == (48, 48)
    volume = unet_description(1, 2, axes=3, depth=2, pools=[(1, 2, 2), 2])
    assert patch_shape(volume, [(13, 200, 200)]) == (14, 64, 64)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"patch": 30}, ParameterError, r"positive multiple of the network's stride \(4, 4\)"),
        ({"patch": (32, 32, 32)}, ParameterError, "patch is"),
        ({"patch": 4, "batch": 1}, ParameterError, "more than one pixel at the coarsest level"),
        ({"batch": 0}, ParameterError, "batch is 0"),
        ({"epochs": 0}, ParameterError, "epochs is 0"),
        ({"loss": "focal"}, ParameterError, "there is no loss 'focal'; use 'cross-entropy', 'dice' or 'lovasz'"),
        ({"boundary": -1}, ParameterError, "boundary is -1"),
        ({"boundary_width": 200}, ParameterError, "above 0 and at most 100 pixels"),
        ({"pyramid": -1}, ParameterError, "pyramid of a U-Net is -1"),
        ({"validation": 2}, ParameterError, "validation is 2"),
        ({"base": 0}, ParameterError, "base of a U-Net"),
        ({"device": "gpu"}, ParameterError, "there is no device 'gpu'"),
        ({"class_names": ["a"]}, InputError, "the annotation holds the value 1"),
        ({"class_names": {"a": "red", "b": "#00ff00"}}, ParameterError, "of the form #rrggbb"),
    ],
)
def test_what_is_out_of_range_is_refused_in_one_sentence(pair, settings, error, message):
    with pytest.raises(error, match=message):
        tz.fit_unet([pair[0]], [pair[1]], **unet(**SMALL | {"epochs": 1} | settings))


def test_annotations_that_do_not_fit_are_refused(pair):
    image, truth = pair
    with pytest.raises(InputError, match="they must be equal"):
        tz.fit_unet([image], [truth[:-1]], **unet(**SMALL))
    with pytest.raises(ParameterError, match="the only one annotated"):
        tz.fit_unet([image], [np.zeros_like(truth)], **unet(**SMALL))
    with pytest.raises(ParameterError, match="no pixel is annotated"):
        tz.fit_unet([image], [np.full_like(truth, 255)], class_names=["a", "b"], **unet(**SMALL))
    with pytest.raises(ParameterError, match="must be lists"):
        tz.fit_unet(image, truth, **unet(**SMALL))


@pytest.mark.gpu
@needs_gpu
def test_a_gpu_learns_as_well_and_its_model_is_on_the_cpu(pair):
    model = tz.fit_unet([pair[0]], [pair[1]], **unet(**SMALL | {"device": "cuda"}, epochs=12))
    assert next(model.network.parameters()).device.type == "cpu"
    assert (tz.predict(model, pair[0], device="cuda").compute() == pair[1]).mean() > 0.9


def test_a_description_says_every_convolution_and_has_to_be_of_such_images():
    images, annotations = zip(*(striped(side=64, seed=seed) for seed in range(2)), strict=True)
    coarse = Level((2, 2), (Convolution(5, (1, 3)), Convolution(4, (3, 1))))
    down = Path((Level((1, 1), (Convolution(3, (3, 3)),)), coarse))
    network = UNetDescription(1, 2, down, Path((Level((2, 2), (Convolution(6, (5, 5)),)),)))
    training = tz.UNetTraining(patch=32, batch=2, steps=2)
    model = tz.fit_unet(images, annotations, network=network, training=training)
    assert model.network.description == network
    classes = tz.predict(model, images[0], block=32).compute()
    assert (classes == model.logits(images[0][None]).argmax(axis=0)).mean() > 0.999
    with pytest.raises(ParameterError, match="has 3 channels, 2 classes and 2 axes, and what it is to learn has 1, 2"):
        tz.fit_unet(images, annotations, network=replace(network, inputs=3), training=training)
