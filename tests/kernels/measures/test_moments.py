import numpy as np
from hypothesis import given
from index_images import number_of, regions
from skimage.measure import regionprops_table

from terrazzo.kernels.measures.moments import areas, offsets


@given(regions())
def test_areas_count_pixels(pair):
    index, _ = pair
    assert areas(index, number_of(index)).tolist() == np.bincount(index[index >= 0]).tolist()


@given(regions())
def test_regions_without_pixels_have_area_0(pair):
    index, _ = pair
    assert areas(index, number_of(index) + 2)[-2:].tolist() == [0, 0]


@given(regions())
def test_offsets_and_areas_give_the_centroids_of_regionprops(pair):
    index, _ = pair
    number = number_of(index)
    origin = np.arange(3 * number, dtype=np.int64).reshape(number, 3) * 3 - 5
    centroids = origin + offsets(index, origin) / areas(index, number)[:, None]
    table = regionprops_table(index + 1, properties=("centroid",))
    assert np.allclose(centroids, np.stack(list(table.values()), axis=1))
