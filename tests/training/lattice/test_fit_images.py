from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
import torch
from textures import striped

import terrazzo as tz
from terrazzo.errors import ParameterError
from terrazzo.models.device import torch_threads
from terrazzo.training.lattice import fit_images

SMALL = tz.LatticeSettings(width=8, levels=2, blocks=1, pixel_width=8)
FEW = tz.LatticeTraining(steps=12, device="cpu")


def fitted(images, annotations, **others):
    settings = {"size": 8, "network": SMALL, "training": FEW} | others
    return tz.fit(images, annotations, **settings)


@pytest.fixture(scope="module")
def pair():
    return striped(side=128, seed=0)


def test_a_fit_learns_what_is_annotated_and_predicts_the_rest(pair):
    image, classes = pair
    annotation = classes.copy()
    annotation[:, 60:] = 255
    annotation[64:] = np.where(np.arange(128) % 16 < 2, classes[64:], 255)
    network = tz.LatticeSettings(width=16, levels=2)
    model = fitted([image], [annotation], network=network, training=tz.LatticeTraining(steps=110))
    right = tz.predict(model, image).compute() == classes
    assert right[annotation == 255].mean() > 0.9
    assert model.fitted["validation_mean_iou"] > 0.8
    assert model.fitted["steps"] == 110
    assert 0 <= model.fitted["validation_calibration_error"] <= model.fitted["validation_calibration_error_before"]
    described = model.described()["temperatures"]
    assert (described["region"], described["pixel"]) == (model.temperatures.region, model.temperatures.pixel)
    assert model.spread.middle.shape == (70,)


def test_the_same_seed_gives_the_same_weights_wherever_tables_are_and_however_many_cores(pair, tmp_path):
    network = replace(SMALL, crf_steps=2)
    first = fitted([pair[0]], [pair[1]], network=network)
    with torch_threads(3):
        again = fitted([da.from_array(pair[0], chunks=(50, 33))], [pair[1]], network=network)
        assert torch.get_num_threads() == 3
    on_disk = tz.LatticeTraining(steps=12, device="cpu", streaming=True, scratch=tmp_path)
    streamed = fitted([pair[0]], [pair[1]], network=network, training=on_disk)
    other = fitted([pair[0]], [pair[1]], network=network, training=tz.LatticeTraining(steps=12, device="cpu", seed=1))
    # it has learned, and knows how long boundaries are
    crf = first.network.crf
    assert crf.mean[0] > 1
    assert all(weights.abs().max() > 1e-4 for weights in (crf.lines, crf.boundary, crf.agreement))
    assert first.fingerprint() == again.fingerprint() == streamed.fingerprint() != other.fingerprint()
    for model in (again, streamed):
        assert model.temperatures == first.temperatures
        assert model.spread.farthest == first.spread.farthest
        assert {**model.fitted, "seconds": 0} == {**first.fitted, "seconds": 0}
    assert list(tmp_path.iterdir()) == []


def test_large_tables_stay_on_disk(pair, monkeypatch, tmp_path):
    written = []
    write = fit_images.write_table
    monkeypatch.setattr(fit_images, "write_table", lambda *given: written.append(given) or write(*given))
    most = 16 * 16 * (4 * (67 + 3 + 2) + 1) + 65536 * (4 * 33 + 32 + 9)
    monkeypatch.setattr(fit_images, "MOST_BYTES_IN_MEMORY", most - 1)
    fitted([pair[0]], [pair[1]], training=tz.LatticeTraining(steps=2, scratch=tmp_path))
    assert written
    monkeypatch.setattr(fit_images, "MOST_BYTES_IN_MEMORY", most)
    written.clear()
    fitted([pair[0]], [pair[1]], training=tz.LatticeTraining(steps=2))
    assert not written


def test_a_fit_with_seconds_says_the_steps_that_repeat_it(pair):
    limited = fitted([pair[0]], [pair[1]], training=tz.LatticeTraining(seconds=1e-3, device="cpu"))
    steps = int(limited.fitted["steps"])
    repeated = fitted([pair[0]], [pair[1]], training=tz.LatticeTraining(steps=steps, device="cpu"))
    assert repeated.fingerprint() == limited.fingerprint()


def test_losses_and_weights_towards_boundaries_are_learned_by_wherever_tables_are(pair, tmp_path):
    how = {"loss": "lovasz", "boundary": 3.0, "boundary_width": 2.0}
    training = replace(FEW, steps=40, **how)
    model = fitted([pair[0]], [pair[1]], training=training)
    streamed = fitted([pair[0]], [pair[1]], training=replace(training, streaming=True, scratch=tmp_path))
    assert model.fingerprint() == streamed.fingerprint()
    plain = replace(training, loss="cross-entropy", boundary=0)
    others = [
        fitted([pair[0]], [pair[1]], training=replace(plain, **{name: how[name]})) for name in ("loss", "boundary")
    ]
    assert len({one.fingerprint() for one in (model, *others)}) == 3
    for one in (model, *others):
        assert one.fitted["validation_mean_iou"] > 0.4


def test_torch_goes_on_with_the_random_numbers_that_it_had(pair):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fitted([pair[0]], [pair[1]])
    assert torch.equal(torch.rand(3), expected)


def test_copies_are_learned_from_and_validation_sees_none():
    images, annotations = zip(*(striped(side=96, seed=seed) for seed in range(3)), strict=True)
    training = tz.LatticeTraining(steps=3, copies=2, validation=[1])
    told = []
    with tz.on_progress(lambda step: told.append((step.name, step.done, step.total))):
        copied = fitted(list(images), list(annotations), training=training)
    assert ("copies", 4, 4) in told
    alone = tz.LatticeTraining(steps=3, copies=0, validation=[1])
    assert copied.fingerprint() != fitted(list(images), list(annotations), training=alone).fingerprint()


@pytest.mark.parametrize("decision", ["pixel", "region"])
def test_a_volume_is_learned(decision):
    section, classes = striped(side=64, seed=0)
    volume, truth = np.stack([section] * 6), np.stack([classes] * 6)
    network = tz.LatticeSettings(width=8, levels=1, decision=decision)
    model = fitted([volume], [truth], size=(2, 8, 8), network=network, training=tz.LatticeTraining(steps=5))
    assert tz.predict(model, volume).compute().shape == volume.shape
    assert model.settings.decision == decision


def test_pixels_outside_a_mask_are_not_learned_from(pair):
    image, classes = pair
    mask = np.ones(image.shape, bool)
    mask[:, 100:] = False
    wrong = np.where(mask, classes, 1 - classes)
    seen, hidden = (fitted([image], [one], masks=[mask]) for one in (classes, wrong))
    assert seen.fingerprint() == hidden.fingerprint()


def test_settings_of_two_kinds_of_networks_are_refused(pair):
    with pytest.raises(
        ParameterError, match="network is a GNNSettings and the training a LatticeTraining; on images give"
    ):
        tz.fit([pair[0]], [pair[1]], network=tz.GNNSettings(), training=FEW)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"crop": 0}, "crop is 0; it must be at least 1"),
        ({"contrast": -1.0}, "contrast is -1.0; it must be at least 0"),
        ({"streaming": "always"}, "streaming is 'always'; it must be True, False or 'auto'"),
        ({"weighting": "equal"}, "there is no class weighting 'equal'"),
    ],
)
def test_training_out_of_range_is_refused(wrong, said):
    with pytest.raises(ParameterError, match=said):
        tz.LatticeTraining(**wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"width": 0}, "width of a lattice network is 0; it must be at least 1"),
        ({"levels": 7}, "levels of a lattice network is 7; it must be 0 to 6"),
        ({"decision": "patch"}, "decision is 'patch'; it must be 'pixel' or 'region'"),
        ({"sure": 0}, "sure is 0; it must be a probability above 0"),
        ({"dropout": 1.0}, "dropout of a lattice network is 1.0; it must be at least 0 and below 1"),
    ],
)
def test_a_shape_out_of_range_is_refused(wrong, said):
    with pytest.raises(ParameterError, match=said):
        tz.LatticeSettings(**wrong)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_fit_on_a_gpu_predicts_there_what_the_cpu_does(pair):
    model = fitted([pair[0]], [pair[1]], training=tz.LatticeTraining(steps=12, device="cuda"))
    on_gpu, on_cpu = (tz.predict(model, pair[0], device=device).compute() for device in ("cuda", "cpu"))
    assert (on_gpu == on_cpu).mean() > 0.999
