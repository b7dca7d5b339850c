import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.regions.intensities.distribution import PERCENTS, Distribution
from terrazzo.regions.intensities.image_intensities import LEVELS, ImageIntensities, intensities_of


def image(values, dtype="uint8"):
    """An image of some values per channel."""
    return intensities_of([np.atleast_2d(np.asarray(values, dtype))])


def random_images(seed, images, channels):
    rng = np.random.default_rng(seed)
    spans = rng.uniform(1, 200, (images, channels, 1))
    return [ImageIntensities("float32", np.sort(span * rng.random((channels, LEVELS)), axis=1)) for span in spans]


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 3))
def test_figures_are_those_of_all_images_together_and_the_extremes_those_of_each(seed, number, channels):
    images = random_images(seed, number, channels)
    seen = Distribution.of(images)
    assert (seen.images, seen.dtypes, len(seen.channels)) == (number, ("float32",), channels)
    for channel, found in enumerate(seen.channels):
        each = [one.levels[channel] for one in images]
        together = np.concatenate(each)
        assert found.pooled.mean == pytest.approx(together.mean())
        assert found.pooled.deviation == pytest.approx(together.std())
        assert found.pooled.quantiles == pytest.approx(np.percentile(together, PERCENTS, method="inverted_cdf"))
        quantiles = np.array([np.percentile(one, PERCENTS, method="inverted_cdf") for one in each])
        assert found.lowest.quantiles == pytest.approx(quantiles.min(axis=0))
        assert found.highest.quantiles == pytest.approx(quantiles.max(axis=0))
        assert found.lowest.deviation == pytest.approx(min(one.std() for one in each))
        medians = [(q[3] - q[1]) / (q[5] - q[1]) for q in quantiles]
        assert (found.lowest.shape[1], found.highest.shape[1]) == pytest.approx((min(medians), max(medians)))


def test_each_image_counts_alike_however_many_pixels_it_has():
    seen = Distribution.of([image([0] * 10), image([100] * 5000)])
    assert seen.channels[0].pooled.mean == 50


def test_images_of_which_no_pixel_counts_are_left_out():
    assert Distribution.of([None, None]) is None
    assert Distribution.of([None, image([3, 4])]).images == 1


def test_a_constant_image_has_its_quartiles_in_the_middle():
    assert Distribution.of([image([7, 7])]).channels[0].pooled.shape == (0.5, 0.5, 0.5)


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 3))
def test_json_gives_back_the_same(seed, number, channels):
    seen = Distribution.of(random_images(seed, number, channels))
    assert Distribution.restored(json.loads(json.dumps(seen.plain(), allow_nan=False))) == seen


@pytest.mark.parametrize(
    "damage",
    [
        lambda plain: plain.pop("channels"),
        lambda plain: plain["channels"][0].pop("lowest"),
        lambda plain: plain["channels"][0]["pooled"]["quantiles"].pop(),
        lambda plain: plain["channels"][0]["pooled"].update(mean=float("nan")),
        lambda plain: plain["channels"][0]["pooled"].update(mean="much"),
        lambda plain: plain.update(images=0),
        lambda plain: plain.update(images=10**400),
        lambda plain: plain.update(dtypes=["uint7"]),
        lambda plain: plain.update(dtypes=["object"]),
    ],
)
def test_what_is_none_is_refused(damage):
    plain = json.loads(json.dumps(Distribution.of([image([1, 2, 3])]).plain()))
    damage(plain)
    with pytest.raises((KeyError, TypeError, ValueError)):
        Distribution.restored(plain)


def test_it_is_said_in_a_line():
    seen = Distribution.of([image([10, 20, 30]), image([12, 40, 90], "uint16")])
    assert seen.text() == "2 images of uint16 and uint8 with intensities 10 to 90, in the median 20 to 40"
