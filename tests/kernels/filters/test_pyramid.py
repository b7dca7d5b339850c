import numpy as np
from crops import random_image, shapes
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import block_reduce

from terrazzo.kernels.filters import enlarged_into, halved


@given(shapes)
def test_a_halved_image_holds_the_means_of_2_by_2_pixels_of_each_section(shape):
    image = random_image(shape)
    padded = np.pad(image.astype(float), [(0, 0), *((0, n % 2) for n in shape[1:])], mode="edge")
    assert np.allclose(halved(image), block_reduce(padded, (1, 2, 2), np.mean), atol=1e-6)


@given(st.data(), st.integers(1, 3))
def test_a_pyramid_that_starts_at_a_multiple_gives_the_bits_of_the_whole(data, levels):
    image, side = random_image((2, 53, 70), seed=7), 2**levels
    top, left = (side * data.draw(st.integers(0, (n - 1) // side)) for n in image.shape[1:])
    whole, part = image, np.ascontiguousarray(image[:, top:, left:])
    for _ in range(levels):
        whole, part = halved(whole), halved(part)
    assert np.array_equal(part, whole[:, top // side :, left // side :])


def test_a_pyramid_that_starts_elsewhere_differs():
    image = random_image((1, 16, 16))
    assert not np.array_equal(halved(np.ascontiguousarray(image[:, 1:, 1:]))[:, :-1, :-1], halved(image)[:, 1:, 1:])


@given(st.data(), st.integers(0, 3))
def test_an_enlarged_section_holds_the_coarse_pixel_that_each_pixel_lies_in(data, level):
    coarse = random_image((1, 7, 9))[0]
    everywhere = coarse.repeat(2**level, axis=0).repeat(2**level, axis=1)
    top, left = (data.draw(st.integers(0, n - 1)) for n in everywhere.shape)
    result = np.empty(
        [data.draw(st.integers(1, n - a)) for n, a in zip(everywhere.shape, (top, left), strict=True)], np.float32
    )
    enlarged_into(coarse, level, top, left, result)
    assert np.array_equal(result, everywhere[top:, left:][: result.shape[0], : result.shape[1]])
