import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.regions.intensities.image_intensities import intensities_of
from terrazzo.regions.intensities.unequal_scales import unequal_scales


def image(level, dtype="uint8", channels=1):
    values = np.random.default_rng(0).uniform(0.5, 1, (channels, 400)) * level
    return intensities_of([values.astype(dtype)])


@given(st.lists(st.floats(40, 200), min_size=1, max_size=6))
def test_images_of_one_scale_are_not_told(levels):
    assert unequal_scales([image(level) for level in levels], [str(level) for level in levels]) is None


def test_images_that_are_many_times_as_bright_are_named():
    images = [image(100), image(20_000, "uint16"), image(90), image(25_000, "uint16"), image(120)]
    assert unequal_scales(images, ["a", "b", "c", "d", "e"]) == (
        "b, d are about 220 times as bright as the other images of this fit (uint16, and uint8): bring all of them to "
        "one intensity scale"
    )


def test_the_smaller_group_is_named_whichever_it_is():
    said = unequal_scales([image(60_000, "uint16"), image(0.9, "float32"), image(50_000, "uint16")], ["a", "b", "c"])
    assert said.startswith("b is about 1/61,000 as bright as the other images of this fit (float32, and uint16)")


def test_a_dark_image_and_one_of_which_nothing_is_known_tell_nothing():
    assert unequal_scales([image(100), image(0), None, image(120)], list("abcd")) is None


def test_an_empty_channel_beside_others_is_no_other_scale():
    empty = intensities_of([np.stack([np.zeros(50), np.full(50, 90)]).astype(np.uint8)])
    full = intensities_of([np.stack([np.full(50, 80), np.full(50, 80)]).astype(np.uint8)])
    assert unequal_scales([empty, full, full], list("abc")) is None
