import numpy as np
from crops import crops_with_margins, random_image, shapes
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from terrazzo.kernels.filters import gradient_and_laplacian


def section_by_section(filtered, image):
    return np.stack([filtered(section.astype(float)) for section in image])


@given(shapes)
def test_gradient_and_laplacian_are_those_of_the_correlations_in_each_section(shape):
    image = random_image(shape)
    dy, dx = (ndimage.correlate1d(image.astype(float), [-0.5, 0, 0.5], axis=axis, mode="reflect") for axis in (1, 2))
    gradient, laplacian = gradient_and_laplacian(image)
    assert np.allclose(gradient, np.hypot(dy, dx), atol=1e-5)
    expected = section_by_section(lambda section: ndimage.laplace(section, mode="reflect"), image)
    assert np.allclose(laplacian, expected, atol=1e-5)


@given(st.data())
def test_differences_need_a_margin_of_one_pixel_in_their_section(data):
    image = random_image((3, 30, 33), seed=5)
    kept, around, inner = data.draw(crops_with_margins(image.shape, (0, 1, 1)))
    for whole, part in zip(gradient_and_laplacian(image), gradient_and_laplacian(image[around]), strict=True):
        assert np.array_equal(part[inner], whole[kept])
