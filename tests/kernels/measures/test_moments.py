import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import regionprops_table

from terrazzo.kernels.filters import halved
from terrazzo.kernels.measures.moments import areas, mean_and_std, offsets


@st.composite
def regions(draw, most=6):
    """Return an index image in which every region has a pixel, and an image of intensities."""
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 14), st.integers(1, 14)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    _, index = np.unique(rng.integers(-1, most, shape), return_inverse=True)
    index = index.reshape(shape) - draw(st.integers(0, 1))
    return index.astype(np.int32), (rng.standard_normal(shape) * 50 + 100).astype(np.float32)


def number_of(index):
    return int(index.max()) + 1


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


@given(regions())
def test_mean_and_deviation_are_numpys(pair):
    index, image = pair
    result = mean_and_std(image, index, areas(index, number_of(index)))
    assert result.dtype == np.float32
    for region, (mean, std) in enumerate(result):
        values = image[index == region].astype(float)
        assert np.allclose([mean, std], [values.mean(), values.std()], rtol=1e-5, atol=1e-4)


@given(regions(), st.integers(1, 3))
def test_a_coarse_response_counts_once_per_pixel_that_it_covers(pair, level):
    index, image = pair
    response = image
    for _ in range(level):
        response = halved(response)
    sections, rows, columns = np.indices(index.shape)
    expected = mean_and_std(response[sections, rows >> level, columns >> level], index, areas(index, number_of(index)))
    assert np.array_equal(mean_and_std(response, index, areas(index, number_of(index)), level), expected)


def test_a_deviation_is_never_nan():
    image = np.full((1, 8, 8), np.float32(0.1))
    result = mean_and_std(image, np.zeros((1, 8, 8), np.int32), np.array([64]))
    assert result.tolist() == [[np.float32(0.1), 0.0]]


@given(regions())
def test_moments_do_not_depend_on_what_surrounds_the_regions(pair):
    index, image = pair
    number = number_of(index)
    wider = np.pad(index, 3, constant_values=-1)
    around = np.pad(image, 3, constant_values=9e9)
    expected = mean_and_std(image, index, areas(index, number))
    assert np.array_equal(mean_and_std(around, wider, areas(wider, number)), expected)
