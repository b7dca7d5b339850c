import dask.array as da
import numpy as np
import pytest

import terrazzo as tz
from terrazzo.errors import ParameterError
from terrazzo.training.lattice import choose_size

REGIONS = tz.LatticeSettings(width=16, levels=2, decision="region")
QUICK = tz.LatticeTraining(steps=10, crop=8, batch=2)


@pytest.fixture(autouse=True)
def short_fits(monkeypatch):
    monkeypatch.setattr(choose_size, "STEPS", 50)
    monkeypatch.setattr(choose_size, "SIDE", 64)


def checked(side, cell, seed=0):
    """Return an image of squares in two intensities, with noise, and the class of each pixel."""
    y, x = np.indices((side, side)) // cell
    truth = ((y + x) % 2).astype(np.uint8)
    return truth * 100.0 + np.random.default_rng(seed).normal(0, 10, truth.shape), truth


def test_large_superpixels_are_chosen_where_what_is_annotated_is_large(caplog):
    image, truth = checked(192, 48)
    model = tz.fit([image], [truth], size="auto", network=REGIONS, training=QUICK)
    assert model.recipe.superpixels.size == (16, 16)
    assert "superpixels of 16 px, by the mean IoU of short fits on a sample: 8 px " in caplog.text


def test_small_superpixels_are_chosen_where_large_ones_mix_classes():
    image, truth = checked(192, 6)
    model = tz.fit([image], [truth], size="auto", network=REGIONS, training=QUICK)
    assert model.recipe.superpixels.size == (8, 8)


def test_the_fit_is_that_of_the_chosen_size_with_the_other_superpixel_parameters(monkeypatch):
    monkeypatch.setattr(choose_size, "STEPS", 5)  # whichever is chosen
    image, truth = checked(160, 6)
    given = {"network": REGIONS, "training": QUICK}
    chosen = tz.fit([image], [truth], size="auto", superpixels=tz.SuperpixelParameters(compactness=0.3), **given)
    size = chosen.recipe.superpixels.size
    again = tz.fit([image], [truth], superpixels=tz.SuperpixelParameters(size, compactness=0.3), **given)
    assert chosen.fingerprint() == again.fingerprint()


def test_with_too_little_annotated_the_size_stays_and_a_line_says_so(caplog):
    image, truth = checked(192, 48)
    annotation = np.full_like(truth, 255)
    for value in (0, 1):
        places = np.argwhere(truth == value)[::500]
        annotation[tuple(places.T)] = value
    model = tz.fit([image], [annotation], size="auto", network=REGIONS, training=QUICK)
    assert model.recipe.superpixels.size == (8, 8)
    assert "too little is annotated to choose the size of superpixels by: it is 8" in caplog.text


def test_masks_and_lazy_arrays_are_sampled_as_they_are(caplog, monkeypatch):
    monkeypatch.setattr(choose_size, "STEPS", 5)
    image, truth = checked(192, 48)
    lazy, mask = da.from_array(image, chunks=50), np.ones(truth.shape, bool)
    mask[:, 150:] = False
    image[:, 160:] = np.nan
    model = tz.fit([lazy], [truth], masks=[mask], size="auto", network=REGIONS, training=QUICK)
    assert model.recipe.superpixels.size[0] in choose_size.SIZES
    assert "by the mean IoU of short fits" in caplog.text


def test_of_volumes_the_size_is_asked_for():
    volume, superpixels = np.zeros((4, 20, 20)), tz.SuperpixelParameters((2, 8, 8))
    with pytest.raises(ParameterError, match="'auto' and the images are volumes; give a size for each axis"):
        tz.fit([volume], [np.zeros((4, 20, 20), np.uint8)], size="auto", superpixels=superpixels)
