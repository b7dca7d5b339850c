import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from segmented import blobs, graph_of, grid_of, labels_of, segment, small_recipe
from skimage.measure import block_reduce, regionprops_table
from structure_tensors import structure_eigenvalues

from terrazzo.errors import ParameterError
from terrazzo.kernels.filters import gaussian, hessian_eigenvalues
from terrazzo.regions.statistics.features import (
    AREA,
    DECILES,
    DEFAULT_FEATURES,
    EIGEN_SCALES,
    INTENSITY,
    LATTICE_FEATURES,
    POSITION,
    SCALES,
    SHAPE,
    TEXTURE,
    Regions,
    Statistic,
    column_names,
    scale_space,
    scale_space_eigen,
    statistic_named,
)


def squares(shape, side=10):
    """Return regions that are squares, cut off at the image's end."""
    rows, columns = np.indices(shape) // side
    index = (rows * -(-shape[1] // side) + columns).astype(np.int32)
    return index, np.bincount(index.ravel())


def halved(section):
    padded = np.pad(section, [(0, n % 2) for n in section.shape], mode="edge")
    return block_reduce(padded, (2, 2), np.mean)


def per_region(values, index, area):
    numbers = range(area.size)
    return np.stack([ndimage.mean(values, index, numbers), ndimage.standard_deviation(values, index, numbers)], axis=1)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_features_have_distinct_names(channels):
    for features, columns in ((DEFAULT_FEATURES, 2 + 5 * 8), (LATTICE_FEATURES, 2 + 4 * 16)):
        names = column_names(features, channels)
        assert len(names) == len(set(names)) == 1 + channels * columns


def test_area_intensity_and_deciles_are_those_of_the_pixels():
    image, (index, area) = blobs((35, 42))[0], squares((35, 42))
    regions = Regions(image, index, area, (0, 0))
    assert AREA.compute(regions).tolist() == [[n] for n in area]
    assert np.allclose(INTENSITY.compute(regions), per_region(image.astype(float), index, area), atol=1e-5)
    expected = [np.quantile(image[index == i], np.arange(1, 10) / 10) for i in range(area.size)]
    assert np.allclose(DECILES.compute(regions), expected, atol=1e-5)


@pytest.mark.parametrize("sigma", [1, 2])
def test_fine_scales_are_filter_responses_pooled_over_regions(sigma):
    image, (index, area) = blobs((33, 48))[0], squares((33, 48))
    smooth, square = (ndimage.gaussian_filter(image.astype(float) ** power, sigma) for power in (1, 2))
    dy, dx = (ndimage.correlate1d(smooth, [-0.5, 0, 0.5], axis=axis) for axis in (0, 1))
    responses = (smooth, np.hypot(dy, dx), ndimage.laplace(smooth), np.sqrt(square - smooth**2))
    expected = np.concatenate([per_region(response, index, area) for response in responses], axis=1)
    statistic = scale_space(sigma)
    assert np.allclose(statistic.compute(Regions(image, index, area, (0, 0))), expected, atol=1e-4)
    assert statistic.columns[::2] == tuple(
        f"{n}{sigma}_mean" for n in ("gaussian", "gradient", "laplacian", "deviation")
    )


@pytest.mark.parametrize("sigma", [1, 2, 4])
def test_the_eigenvalues_of_a_scale_are_pooled_beside_its_other_responses(sigma):
    image, (index, area) = blobs((33, 48))[0], squares((33, 48))
    regions = Regions(image, index, area, (0, 0))
    pooled, other = scale_space_eigen(sigma), scale_space(sigma)
    assert pooled.columns[:8] == other.columns
    assert np.array_equal(pooled.compute(regions)[:, :8], other.compute(regions))
    section = image if sigma < 4 else halved(image)
    smooth = gaussian(section[None], (0, min(sigma, 2), min(sigma, 2)))
    hessian = hessian_eigenvalues(smooth, min(sigma, 2))
    structure = structure_eigenvalues(smooth, min(sigma, 2), coarse=sigma > 1)
    responses = []
    for response, side in zip((*hessian, *structure), (1 + (sigma == 4),) * 2 + (sigma,) * 2, strict=True):
        responses.append(response[0].repeat(side, axis=0).repeat(side, axis=1)[:33, :48].astype(float))
    expected = np.concatenate([per_region(response, index, area) for response in responses], axis=1)
    assert np.allclose(pooled.compute(regions)[:, 8:], expected, atol=1e-4)


def test_on_coarse_levels_the_structure_tensor_says_what_it_says_on_fine_ones():
    image, (index, area) = blobs((160, 160), seed=2)[0], squares((160, 160), 40)
    for sigma in (2, 4):
        found = scale_space_eigen(sigma).compute(Regions(image, index, area, (0, 0)))[:, [12, 14]]
        smooth = gaussian(image[None], (0, sigma, sigma))
        fine = structure_eigenvalues(smooth, sigma)
        exact = [per_region(values[0].astype(float), index, area)[:, 0] for values in fine]
        assert np.allclose(found.T, exact, rtol=0.1)


@pytest.mark.parametrize("sigma", [4, 8, 16])
def test_coarse_scales_see_the_same_blur_as_fine_ones(sigma):
    image, (index, area) = blobs((160, 160), seed=2)[0], squares((160, 160), 40)
    pooled = scale_space(sigma).compute(Regions(image, index, area, (0, 0)))[:, 0]
    exact = per_region(ndimage.gaussian_filter(image.astype(float), sigma), index, area)[:, 0]
    assert np.corrcoef(pooled, exact)[0, 1] > 0.995
    assert np.allclose(pooled, exact, atol=0.02)


@pytest.mark.parametrize("statistic", [*SCALES[:5], *EIGEN_SCALES], ids=lambda statistic: statistic.name)
@settings(max_examples=8)
@given(data=st.data())
def test_the_margin_of_a_scale_is_all_that_it_needs(statistic, data):
    extent = 260
    image = blobs((extent, extent), seed=statistic.radius)[0]
    y, x = (data.draw(st.integers(0, extent - 20)) for _ in range(2))
    index = np.full(image.shape, -1, np.int32)
    index[y : y + 20, x : x + 20] = squares((20, 20))[0]
    area = np.full(4, 100)
    top, left = (max(0, n - statistic.radius) // statistic.alignment * statistic.alignment for n in (y, x))
    cut = (slice(top, y + 20 + statistic.radius), slice(left, x + 20 + statistic.radius))
    crop = Regions(np.ascontiguousarray(image[cut]), np.ascontiguousarray(index[cut]), area, (top, left))
    assert np.array_equal(statistic.compute(crop), statistic.compute(Regions(image, index, area, (0, 0))))


@pytest.mark.parametrize("statistic", [*DEFAULT_FEATURES, *EIGEN_SCALES], ids=lambda s: s.name)
def test_a_volume_of_depth_one_has_the_statistics_of_an_image(statistic):
    index, area = squares((35, 42))
    regions = Regions(blobs((35, 42))[0], index, area, (0, 0))
    assert np.array_equal(statistic.compute(regions.as_volume), statistic.compute(regions))


@pytest.mark.parametrize("sigma", [1, 4])
def test_in_a_volume_responses_are_those_of_sections_pooled_over_all_of_a_region(sigma):
    volume, (index, area) = blobs((3, 33, 48))[0], squares((33, 48))
    deep = np.stack([index, np.flip(index).copy(), index])
    if sigma == 1:
        smooth = np.stack([ndimage.gaussian_filter(section.astype(float), 1) for section in volume])
    else:
        smooth = np.stack([ndimage.gaussian_filter(halved(section.astype(float)), 2) for section in volume])
        smooth = smooth.repeat(2, axis=1).repeat(2, axis=2)[:, :33, :48]
    regions = Regions(volume, deep, np.bincount(deep.ravel()), (5, 0, 0))
    assert np.allclose(scale_space(sigma).compute(regions)[:, :2], per_region(smooth, deep, regions.area), atol=1e-4)
    assert INTENSITY.compute(regions).tolist() == pytest.approx(per_region(volume.astype(float), deep, area), abs=1e-5)
    expected = [np.quantile(volume[deep == i], np.arange(1, 10) / 10) for i in range(area.size)]
    assert np.allclose(DECILES.compute(regions), expected, atol=1e-5)


@pytest.mark.parametrize("statistic", [*DEFAULT_FEATURES, *EIGEN_SCALES], ids=lambda s: s.name)
def test_each_default_statistic_is_found_by_its_name(statistic):
    found = statistic_named(statistic.name)
    assert (found.columns, found.radius, found.alignment) == (statistic.columns, statistic.radius, statistic.alignment)


@pytest.mark.parametrize(
    "name",
    [
        "colour",
        "scale_space_3",
        "scale_space_01",
        "scale_space_",
        "scale_space_-1",
        "scale_space_1.0",
        "scale_space_eigen_16",
        "",
    ],
)
def test_another_name_is_refused(name):
    with pytest.raises(ParameterError, match=f"there is no statistic '{name}'"):
        statistic_named(name)


def test_a_statistic_says_what_it_is_without_an_address_of_this_process():
    assert " at 0x" not in repr(DEFAULT_FEATURES + LATTICE_FEATURES)


def test_how_much_a_statistic_holds_is_no_part_of_what_fingerprints_hash():
    assert "bytes" not in repr(scale_space(1))
    plain, wide = (Statistic("one", ("one",), len, radius=radius) for radius in (0, 3))
    assert (plain.bytes_per_pixel, wide.bytes_per_pixel) == (0, 16)
    assert scale_space_eigen(1).bytes_per_pixel == 24


EXTENTS = {"plane": ((60, 70), (6, 6)), "volume": ((14, 22, 26), (4, 6, 6))}


def graph_and_labels(kind, cells_per_block):
    """Return the graph of a noisy image with blocks of some cells along each axis, and its labels."""
    extent, size = EXTENTS[kind]
    recipe = small_recipe(size=size, features=(SHAPE, POSITION))
    grid = grid_of(extent, size, (cells_per_block,) * len(size))
    image = np.random.default_rng(0).random((1, *extent), np.float32)
    segmented = segment(image, grid, recipe)
    return graph_of(segmented, recipe), labels_of(segmented, grid)


@pytest.mark.parametrize("kind", EXTENTS)
def test_shape_and_position_are_the_same_bits_in_small_blocks_and_in_one(kind):
    assert graph_and_labels(kind, 2)[0].equals(graph_and_labels(kind, 20)[0])


@pytest.mark.parametrize("kind", EXTENTS)
def test_shapes_are_those_of_the_whole_image(kind):
    graph, labels = graph_and_labels(kind, 3)
    expected = regionprops_table(labels.astype(np.int64), properties=("label", "extent"))
    assert np.array_equal(expected["label"], graph.ids)
    assert np.allclose(graph.node_features[:, SHAPE.columns.index("extent")], expected["extent"])


@pytest.mark.parametrize("kind", EXTENTS)
def test_positions_are_the_centroids_in_the_whole_image(kind):
    graph, _ = graph_and_labels(kind, 3)
    axes = graph.positions.shape[1]
    assert np.allclose(graph.node_features[:, -axes:], graph.positions)


def test_an_image_lies_in_the_section_0():
    graph, _ = graph_and_labels("plane", 3)
    assert not graph.node_features[:, len(SHAPE.columns)].any()


def test_positions_far_out_keep_the_bits_of_whole_numbers():
    index = np.zeros((2, 3), np.int32)
    far = Regions(np.zeros((2, 3), np.float32), index, np.array([6]), (10**6, 2 * 10**6))
    assert POSITION.measure(far).tolist() == [[0, 10**6 + 0.5, 2 * 10**6 + 1]]


@pytest.mark.parametrize("statistic", [SHAPE, POSITION], ids=lambda s: s.name)
def test_a_model_file_can_name_them(statistic):
    assert statistic_named(statistic.name) is statistic


def graph(extent, size, cells_per_block):
    """Return the graph of noise with two channels in blocks of some cells along each axis."""
    recipe = small_recipe(channels=2, size=size, features=(TEXTURE,))
    image = np.random.default_rng(0).random((2, *extent), np.float32)
    return graph_of(segment(image, grid_of(extent, size, (cells_per_block,) * len(size)), recipe), recipe)


@pytest.mark.parametrize(("extent", "size"), [((60, 70), (6, 6)), ((6, 24, 30), (3, 6, 6))])
def test_texture_is_the_same_bits_in_small_blocks_and_in_one(extent, size):
    assert graph(extent, size, 2).equals(graph(extent, size, 20))


def test_a_section_of_a_volume_is_measured_like_an_image():
    image = np.random.default_rng(0).random((3, 12, 14), np.float32)
    index = np.full(image.shape, -1, np.int32)
    index[1] = np.arange(12)[:, None] // 4
    area = np.array([56, 56, 56])
    volume = Regions(image, index, area, (0, 0, 0))
    section = Regions(image[1], index[1], area, (0, 0))
    assert np.array_equal(TEXTURE.measure(volume), TEXTURE.measure(section))


def test_the_shares_of_the_patterns_sum_to_one():
    columns = [name.startswith("pattern") for name in TEXTURE.columns]
    image = np.random.default_rng(0).random((20, 20), np.float32)
    regions = Regions(image, np.zeros((20, 20), np.int32), np.array([400]), (0, 0))
    assert TEXTURE.measure(regions)[:, columns].sum(axis=1) == pytest.approx([1])


def test_a_model_file_can_name_it():
    assert statistic_named("texture") is TEXTURE
