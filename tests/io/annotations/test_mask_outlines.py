import numpy as np
import pytest
import shapely
from drawings import raster
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from terrazzo.errors import InputError
from terrazzo.io.annotations.mask_outlines import check_mask_size, mask_parts
from terrazzo.regions.outlines.drawing import DrawingBuilder

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=8))


@settings(max_examples=60)
@given(masks.filter(np.any))
def test_polygons_of_a_mask_are_valid_and_drawn_again_they_are_the_mask(mask):
    parts = mask_parts(mask, (3, 5))
    builder = DrawingBuilder()
    builder.add(parts, "0", None)
    expected = np.full((16, 16), 255)
    expected[3 : 3 + mask.shape[0], 5 : 5 + mask.shape[1]][mask] = 0
    assert np.array_equal(raster(builder.drawing(), (16, 16)), expected)
    assert all(shapely.is_valid(shapely.Polygon(rings[0], rings[1:])) for _, rings in parts)


def test_a_mask_that_is_too_large_is_refused():
    check_mask_size(2**14, 2**14)
    with pytest.raises(InputError, match="its mask is 16385 x 16384 pixels, and at most 268435456 are read as one"):
        check_mask_size(2**14, 2**14 + 1)
