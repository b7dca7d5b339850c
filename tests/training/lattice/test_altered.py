import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_annotations import CLASSES, random_annotation
from scipy import ndimage
from segmented import blobs, small_recipe

from terrazzo.blockwise.inputs.annotated_image import annotated_image
from terrazzo.training.lattice.altered import Alteration, altered_image

SHAPES = {2: (70, 90), 3: (5, 40, 30)}
STILL = Alteration(1.0, 1.0, 0.0, 0.0, 0)


def annotated(axes=2, channels=2, mask=None):
    recipe = small_recipe(channels, (6, 6) if axes == 2 else (2, 6, 6))
    shape = SHAPES[axes]
    truth = random_annotation(shape, 0.7, 0)
    return annotated_image(blobs(shape, channels), truth, recipe=recipe, classes=CLASSES, mask=mask, block=24)


@pytest.mark.parametrize("axes", [2, 3])
def test_a_copy_that_is_not_altered_is_the_image(axes):
    image = annotated(axes)
    copy = altered_image(image, STILL, 30, 24)
    assert np.allclose(copy.pixels.compute(), image.pixels.compute(), atol=1e-6)
    assert np.array_equal(copy.truth.compute(), image.truth.compute())


@pytest.mark.parametrize("axes", [2, 3])
@settings(max_examples=10, deadline=None)
@given(st.data(), st.integers(0, 99))
def test_any_window_of_a_copy_is_cut_out_of_the_whole(axes, data, seed):
    copy = altered_image(annotated(axes), Alteration.drawn(np.random.default_rng(seed)), 30, 24)
    shape = copy.truth.shape
    start = [data.draw(st.integers(0, n - 1)) for n in shape]
    stop = [data.draw(st.integers(a + 1, n)) for a, n in zip(start, shape, strict=True)]
    window = tuple(map(slice, start, stop))
    assert np.array_equal(copy.pixels[(..., *window)].compute(), copy.pixels.compute()[(..., *window)])
    assert np.array_equal(copy.truth[window].compute(), copy.truth.compute()[window])


def test_a_scaled_copy_is_about_what_scipy_makes_of_the_image():
    image = annotated()
    copy = altered_image(image, Alteration(1.5, 1.0, 0.0, 0.0, 0), 30, 24)
    assert copy.truth.shape == (105, 135)
    places = np.stack(np.mgrid[:105, :135]) / 1.5 + (0.5 / 1.5 - 0.5)
    for found, pixels in zip(copy.pixels.compute(), image.pixels.compute(), strict=True):
        assert np.allclose(found, ndimage.map_coordinates(pixels, places, order=1, mode="nearest"), atol=1e-5)
    nearest = np.minimum(((np.mgrid[:105, :135] + 0.5) / 1.5).astype(int), np.array([69, 89])[:, None, None])
    assert np.array_equal(copy.truth.compute(), image.truth.compute()[tuple(nearest)])


def test_noise_and_gamma_are_as_strong_as_they_are_said_to_be():
    image = annotated()
    pixels = image.pixels.compute().astype(float)
    noisy = altered_image(image, Alteration(1.0, 1.0, 0.1, 0.0, 3), 30, 24).pixels.compute()
    assert np.allclose((noisy - pixels).std(axis=(1, 2)) / pixels.std(axis=(1, 2)), 0.1, rtol=0.05)
    darker = altered_image(image, Alteration(1.0, 2.0, 0.0, 0.0, 3), 30, 24).pixels.compute()
    low, high = pixels.min(axis=(1, 2), keepdims=True), pixels.max(axis=(1, 2), keepdims=True)
    assert np.allclose(darker, low + (pixels - low) ** 2 / (high - low), atol=1e-5)


def test_a_mask_is_scaled_with_its_image():
    mask = np.zeros(SHAPES[2], bool)
    mask[:35] = True
    copy = altered_image(annotated(mask=da.from_array(mask)), Alteration(0.8, 1.0, 0.0, 0.0, 0), 30, 24)
    assert copy.mask.shape == copy.truth.shape == (56, 72)
    assert copy.mask.compute().mean() == 0.5
