import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.kernels.classes.mean_field import mean_field


def field(rng, radius, channels, classes, steps):
    """A field of random numbers: what `mean_field` takes after logits and image."""
    window = itertools.product(*(range(-one, one + 1) for one in radius))
    offsets = np.array([offset for offset in window if offset > (0, 0, 0)])
    alike, around = rng.uniform(0.1, 1, (2, len(offsets))).astype(np.float32)
    unlike, badly = (rng.uniform(0, 2, shape).astype(np.float32) for shape in ((channels,), (classes, classes)))
    return steps, offsets, alike, around, unlike, badly


def seen(rng, extent, channels, classes):
    return (rng.standard_normal((count, *extent)).astype(np.float32) for count in (classes, channels))


@settings(max_examples=30)
@given(
    st.integers(0, 2**31),
    st.sampled_from([((1, 9, 70), (0, 1, 2)), ((1, 9, 5), (0, 2, 1)), ((7, 9, 20), (1, 1, 1)), ((5, 6, 9), (2, 0, 1))]),
    st.integers(1, 2),
    st.data(),
)
def test_a_crop_with_its_halo_has_the_bits_of_the_whole(seed, case, steps, data):
    (extent, radius), rng = case, np.random.default_rng(seed)
    channels, classes = data.draw(st.integers(1, 2)), data.draw(st.integers(2, 4))
    unary, image = seen(rng, extent, channels, classes)
    given = field(rng, radius, channels, classes, steps)
    whole, window, core, inside = mean_field(unary, image, *given), [slice(None)], [slice(None)], [slice(None)]
    for length, reach in zip(extent, radius, strict=True):
        start, stop = sorted(
            data.draw(st.tuples(*[st.integers(0, length)] * 2).filter(lambda ends: ends[0] != ends[1]))
        )
        first, last = max(0, start - steps * reach), min(length, stop + steps * reach)
        core.append(slice(start, stop))
        window.append(slice(first, last))
        inside.append(slice(start - first, stop - first))
    crop = mean_field(*(np.ascontiguousarray(one[tuple(window)]) for one in (unary, image)), *given)
    assert np.array_equal(crop[tuple(inside)], whole[tuple(core)])


def test_a_halo_that_is_a_pixel_short_changes_bits():
    rng = np.random.default_rng(0)
    unary, image = seen(rng, (1, 30, 40), 1, 3)
    given = field(rng, (0, 2, 2), 1, 3, 3)
    whole = mean_field(unary, image, *given)
    for halo, same in ((6, True), (5, False)):
        part = (slice(None), slice(None), slice(None), slice(20 - halo, None))
        crop = mean_field(*(np.ascontiguousarray(one[part]) for one in (unary, image)), *given)
        assert np.array_equal(crop[..., halo:], whole[..., 20:]) == same
