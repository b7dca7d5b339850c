import numpy as np
import pytest

from terrazzo.blocks import Box
from terrazzo.errors import InputError
from terrazzo.regions.superpixels.single_precision import is_within, single_precision, usable

WINDOW = Box((10, 20), (12, 23))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.1e36, -3.4e38, 1e300])
def test_a_value_that_float32_cannot_work_with_is_named_with_its_place(value):
    image = np.zeros((2, 2, 3))
    image[1, 1, 2] = value
    with pytest.raises(InputError, match=r"in channel 1 at pixel \(y, x\) = \(11, 22\); replace .* \(above 1e\+36\)"):
        single_precision(image, WINDOW)
    assert not is_within(np.clip(image, -3e38, 3e38).astype(np.float32), 1e36)
    assert np.array_equal(usable(image), image == 0)


def test_other_values_are_as_they_are_in_float32():
    for image in (np.array([[[-1e36, 0, 1e36]]]), np.array([[[0, 3, 2**63]]], np.uint64)):
        assert np.array_equal(single_precision(image, WINDOW), image.astype(np.float32))
        assert usable(image).all()


def test_a_bound_of_its_own_comes_with_its_reason():
    with pytest.raises(InputError, match=r"\(above 2, as somebody said\) first"):
        single_precision(np.full((1, 2, 3), 5.0), WINDOW, 2, ", as somebody said")
