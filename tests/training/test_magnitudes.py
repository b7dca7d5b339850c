"""What is learned from an image of any magnitude is what is learned from it scaled to 1."""

import numpy as np
import pytest
from textures import striped

import terrazzo as tz
from terrazzo.errors import InputError

IMAGE, CLASSES = striped(side=96)


def fit_lattice(image):
    training = tz.LatticeTraining(steps=40, device="cpu")
    return tz.fit([image], [CLASSES], size=8, network=tz.LatticeSettings(width=8), training=training)


def fit_unet(image):
    training = tz.UNetTraining(epochs=2, patch=32, batch=2, device="cpu")
    return tz.fit_unet([image], [CLASSES], network=tz.UNetSettings(base=2, depth=1), training=training)


def fit_forest(image):
    return tz.fit_forest([image], [CLASSES], training=tz.ForestTraining(samples=500, trees=10))


FITS = {"lattice": fit_lattice, "unet": fit_unet, "forest": fit_forest}


def scaled(magnitude):
    return (IMAGE / 255.0 * magnitude).astype(np.float32)[None]


@pytest.mark.parametrize("kind", FITS)
def test_the_classes_are_those_of_the_image_scaled_to_1(kind):
    expected = tz.predict(FITS[kind](scaled(1)), scaled(1)).compute()
    for magnitude in (1e-35, 1e32):
        found = tz.predict(FITS[kind](scaled(magnitude)), scaled(magnitude)).compute()
        assert (found == expected).mean() > 0.98


@pytest.mark.parametrize("kind", FITS)
def test_intensities_that_float32_cannot_tell_apart_are_refused(kind):
    with pytest.raises(InputError, match=r"the images' intensities differ by .*e-41, and below 1e-36 single precision"):
        FITS[kind](IMAGE[None] / 255.0 * 1e-40)
