import logging

import dask.array as da
import numpy as np
import pytest
from flat import lattice
from segmented import blobs

import terrazzo as tz
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.intensities.image_intensities import intensities_of, window_intensities
from terrazzo.training.rules.seen_intensities import seen_intensities

IMAGES = [(200 * blobs((70, 90), seed=seed)).clip(0, 255).astype(np.uint8)[0] for seed in range(3)]
TRUTHS = [(image > np.median(image)).astype(np.uint8) for image in IMAGES]
EXPECTED = Distribution.of([intensities_of([window_intensities(image[None])]) for image in IMAGES])


def fit_lattice(images):
    return tz.fit(images, TRUTHS, size=8, **lattice(steps=1, levels=1, width=4, device="cpu"))


def fit_unet(images):
    training = tz.UNetTraining(epochs=1, patch=32, batch=2, device="cpu")
    return tz.fit_unet(images, TRUTHS, network=tz.UNetSettings(base=2, depth=1), training=training)


def fit_forest(images):
    return tz.fit_forest(images, TRUTHS, training=tz.ForestTraining(samples=200, trees=10))


FITS = {"lattice": fit_lattice, "unet": fit_unet, "forest": fit_forest}


def warnings_of(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("kind", FITS)
def test_a_fitted_model_has_seen_its_images(kind, caplog):
    assert FITS[kind](IMAGES).seen == EXPECTED
    assert not warnings_of(caplog)


@pytest.mark.parametrize("kind", FITS)
def test_images_of_another_scale_in_one_fit_are_named_once(kind, caplog):
    FITS[kind]([IMAGES[0], IMAGES[1].astype(np.uint16) * np.uint16(200), IMAGES[2]])
    (said,) = warnings_of(caplog)
    assert said.startswith("image 2 is about 190 times as bright")
    assert said.endswith(" (uint16, and uint8): bring all of them to one intensity scale")


def test_files_memory_and_dask_give_the_same_and_files_are_named(tmp_path, caplog):
    stored = []
    for place, image in enumerate(IMAGES):
        tz.write_ome_zarr(tmp_path / f"{place}.zarr", image if place else image // 20, axes="yx", chunks=(31, 40))
        stored.append(tz.open_image(tmp_path / f"{place}.zarr"))
    dark = [IMAGES[0] // 20, *IMAGES[1:]]
    found = [
        seen_intensities(stored, [one.stored for one in stored]),
        seen_intensities(dark, [image[None] for image in dark]),
        seen_intensities(dark, [da.from_array(image[None], chunks=23) for image in dark]),
    ]
    assert found[0] == found[1] == found[2]
    said = warnings_of(caplog)
    assert said[0].startswith(
        f"'{stored[0].path}' is about 1/18 as bright as the other images of this fit (all uint8): "
    )
    assert [
        one.startswith("image 1 is about 1/18 as bright as the other images of this fit (all uint8): ") for one in said
    ] == [False, True, True]


def test_what_a_mask_leaves_out_is_not_seen():
    pixels = [np.where(np.indices((1, 60, 80))[1] < 30, 7, 200).astype(np.uint8)] * 2
    masks = [da.from_array(np.indices((60, 80))[0] < 30), lambda window: window[0] < 100]
    found = seen_intensities(pixels, pixels, masks)
    assert found.images == 2
    assert found.channels[0].highest.quantiles == (7.0,) * 7
    assert seen_intensities(pixels, pixels, [lambda window: window[0] > 250] * 2) is None
