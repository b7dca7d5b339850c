import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo as tz
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.intensities.image_intensities import intensities_of, window_intensities
from terrazzo.regions.intensities.unlike import dtype_note, unlike
from terrazzo.regions.superpixels.intensity_scale import scale_windows


def cells(seed, level=1.0, dtype=np.uint8):
    """Bright cells on a dark ground: a third of the pixels, more or less."""
    rng = np.random.default_rng(seed)
    ground, bright = rng.normal(20, 4, (2, 1, 3000)), rng.normal(90, 15, (2, 1, 1500))
    values = np.concatenate([ground, bright], axis=2) * level
    return values[0].clip(0, np.iinfo(dtype).max).astype(dtype)


def measured(values):
    return intensities_of([values])


SEEN = Distribution.of([measured(cells(seed, level)) for seed, level in enumerate((0.9, 1, 1.1, 1, 0.95))])


@given(st.integers(100, 2**32), st.floats(0.45, 2.2), st.sampled_from([np.uint8, np.uint16]))
def test_an_image_of_the_same_kind_up_to_twice_as_bright_or_dark_is_like_those_seen(seed, level, dtype):
    assert unlike(measured(cells(seed, level, dtype)), SEEN) is None


@given(st.integers(100, 2**32), st.sampled_from([(16, "12 bits in place of 8"), (257, "16 bits in place of 8")]))
def test_another_depth_of_bits_is_named(seed, depth):
    times, cause = depth
    said = unlike(measured(cells(seed).astype(np.uint16) * np.uint16(times)), SEEN)
    assert said.startswith(f"its intensities are about {times} times theirs, as of {cause}; divide it by {times}")


@given(st.integers(100, 2**32), st.sampled_from([(255, "255"), (65535, "65535")]))
def test_intensities_from_0_to_1_are_named(seed, end):
    said = unlike(measured(cells(seed).astype(np.float32) / 255), SEEN)
    assert said.startswith("its intensities are about 1/255 of theirs, as of 0 to 1 in place of 0 to 255; multiply")
    on_floats = Distribution.of([measured(cells(seed).astype(np.float32) / 255) for seed in range(5)])
    bright = cells(seed).astype(np.uint16) * np.uint16(end[0] // 255)
    assert f"as of 0 to {end[1]} in place of 0 to 1" in unlike(measured(bright), on_floats)


@pytest.mark.parametrize("images", [1, 5])
@pytest.mark.parametrize(("level", "found"), [(200, "1.553 to 26.3"), (40, "0.31 to 5.26")])
def test_a_factor_that_no_common_mistake_explains_is_not_advised_but_both_ranges_are_told(images, level, found):
    seen = Distribution.of([measured(cells(seed, 200, np.uint16)) for seed in range(images)])
    said = unlike(measured((cells(50, level, np.uint16) / 1000).astype(np.float32)), seen)
    theirs = {1: "1,442 to 25,757", 5: "1,386 to 26,767"}[images]
    assert said == (
        f"its intensities are on another scale: they are {found}, and theirs {theirs}; "
        "bring them to the same scale, or fit a model on such images"
    )


@given(st.integers(100, 2**32), st.sampled_from([np.uint8, np.uint16]))
def test_an_inverted_image_is_named(seed, dtype):
    bright = cells(seed, 1.0 if dtype == np.uint8 else 200.0, dtype)
    seen = SEEN if dtype == np.uint8 else Distribution.of([measured(cells(n, 200.0, dtype)) for n in range(5)])
    assert unlike(measured(np.iinfo(dtype).max - bright), seen).startswith("its contrast seems to be inverted")


def test_an_inverted_image_is_named_even_if_its_level_and_contrast_are_as_those_seen():
    def slanted(seed):
        values = np.random.default_rng(seed).beta(2, 1, (1, 4000))
        return (20 + 215 * values).astype(np.uint8)

    seen = Distribution.of([measured(slanted(seed)) for seed in range(4)])
    assert unlike(measured(slanted(9)), seen) is None
    assert unlike(measured(255 - slanted(9)), seen).startswith("its contrast seems to be inverted")


def test_what_is_as_bright_but_distributed_differently_is_told_by_its_quantiles():
    even = np.linspace(15, 120, 4000)[None].astype(np.uint8)
    said = unlike(measured(even), SEEN)
    assert said == (
        "its intensities are distributed differently: at 1, 50 and 99 % of its pixels they are 15, 67 and 118, and in "
        "theirs 10 to 12, 20 to 24 and 106 to 130"
    )


def test_darker_and_brighter_and_less_contrast_are_told_in_figures():
    seen = Distribution.of([measured(cells(seed, 100, np.uint16)) for seed in range(5)])
    flat = np.random.default_rng(0).normal(4000, 10, (1, 3000)).astype(np.int32)
    assert unlike(measured(flat), seen).startswith("it has less contrast: its deviation is ")
    assert unlike(measured(np.zeros((1, 99), np.int32)), seen).startswith(
        "it is darker: its mean is 0, and theirs are "
    )
    bright = np.full((1, 99), 40_000, np.int32)
    assert unlike(measured(bright), seen).startswith("it is brighter: its mean is 40,000, and theirs are ")


def test_a_piece_of_background_is_like_those_seen_unless_its_type_is_another():
    ground = np.random.default_rng(0).normal(18, 2, (1, 3000)).clip(0)
    assert unlike(measured(ground.astype(np.uint8)), SEEN) is None
    assert unlike(measured(ground.astype(np.uint16)), SEEN) is not None


def test_a_saturated_image_is_not_taken_for_another_kind():
    seen = Distribution.of([measured(cells(seed, 1.6)) for seed in range(5)])
    saturated = measured(cells(9, 3.3))
    assert saturated.levels.max() == 255
    assert unlike(saturated, seen) is None


def test_one_channel_of_several_is_enough():
    two = Distribution.of([measured(np.concatenate([cells(n), cells(n + 50)])) for n in range(5)])
    assert unlike(measured(np.concatenate([cells(20), cells(21)])), two) is None
    odd = np.concatenate([cells(20), np.linspace(15, 120, 4500)[None].astype(np.uint8)])
    assert "distributed differently" in unlike(measured(odd), two)


def test_intensities_around_0_are_compared_as_well():
    def normed(seed, scale=1.0):
        return np.random.default_rng(seed).normal(0, scale, (1, 3000)).astype(np.float32)

    seen = Distribution.of([measured(normed(seed)) for seed in range(5)])
    assert unlike(measured(normed(9, 1.8)), seen) is None
    assert unlike(measured(normed(9, 200)), seen) is not None


def test_of_the_type_alone_only_another_one_is_told():
    assert dtype_note(np.dtype(np.uint8), SEEN) is None
    assert dtype_note(np.dtype(np.uint16), SEEN) == (
        "the image is uint16, but the model was fitted on uint8; make sure that its intensities are on the same scale, "
        "which a lazy prediction does not check"
    )
    on_floats = Distribution.of([measured(cells(0).astype(np.float32))])
    assert dtype_note(np.dtype(np.float64), on_floats) is None
    for order in "<>":  # in which bytes come says nothing of intensities
        swapped = np.dtype(np.uint16).newbyteorder(order)
        seen = Distribution.of([measured(cells(0, 200, np.uint16).astype(swapped))])
        assert seen.dtypes == ("uint16",)
        assert dtype_note(swapped, seen) is None


def stored(path):
    opened = tz.open_image(path).stored
    return np.concatenate(
        [window_intensities(opened[(slice(None), *box.slices)]) for box in scale_windows(opened.shape[1:])], axis=1
    )


@pytest.mark.parametrize("name", ["bbbc039", "drosophila-ovary"])
def test_a_real_image_is_like_the_others_of_its_set_and_unlike_in_another_depth_or_inverted(microscopy, name):
    values = [stored(path) for path in sorted((microscopy / name / "images").iterdir())]
    for place, own in enumerate(values):
        seen = Distribution.of([measured(other) for other in values if other is not own])
        end = np.iinfo(own.dtype).max
        for exposure in (0.5, 1, 2):
            changed = (own * exposure).clip(0, end).astype(own.dtype)
            assert unlike(measured(changed), seen) is None, (place, exposure)
        assert "12" in unlike(measured(own.astype(np.uint32) * 16), seen)
        assert "inverted" in unlike(measured(end - own), seen)
