import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.feature import local_binary_pattern

from terrazzo.kernels.measures.texture import PATTERNS, coherence, contrast, local_binary_patterns

VALUES = st.integers(0, 5)


def squares(shape, side=5):
    """Return an index of squares, section by section, and the areas; the last row of them is left out."""
    z, y, x = np.indices(shape)
    cells = [-(-extent // side) for extent in shape]
    index = ((z * cells[1] + y // side) * cells[2] + x // side).astype(np.int32)
    index[:, -side:] = -1
    index = np.unique(np.append(index, -1), return_inverse=True)[1][:-1].reshape(shape).astype(np.int32) - 1
    return index, np.bincount(index[index >= 0])


def neighbours(section):
    """Return the eight neighbours of each pixel of a mirrored section, clockwise, shape (8, y, x)."""
    padded = np.pad(section, 1, "symmetric")
    steps = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    height, width = section.shape
    return np.stack([padded[y : y + height, x : x + width] for y, x in steps])


@given(hnp.arrays(np.float32, (2, 12, 9), elements=VALUES))
def test_patterns_count_the_brighter_neighbours_that_stand_in_one_run(image):
    index, area = squares(image.shape)
    found = local_binary_patterns(image, index, area)
    expected = np.zeros((area.size, PATTERNS))
    for section, regions in zip(image, index, strict=True):
        brighter = neighbours(section) >= section
        runs = (brighter != np.roll(brighter, 1, axis=0)).sum(axis=0)
        pattern = np.where(runs <= 2, brighter.sum(axis=0), 9)
        np.add.at(expected, (regions[regions >= 0], pattern[regions >= 0]), 1)
    assert np.array_equal(found, (expected / area[:, None]).astype(np.float32))


def test_patterns_are_those_of_scikit_image_where_interpolation_changes_no_order():
    # its diagonal neighbours are interpolated: in an image that changes along x alone they lie between two pixels
    image = np.tile(np.random.default_rng(0).permutation(40).astype(np.uint8), (5, 1))
    index = np.full(image.shape, -1, np.int32)
    index[1:-1, 1:-1] = np.arange(38)
    expected = local_binary_pattern(image, 8, 1, "uniform")[1, 1:-1]
    found = local_binary_patterns(image.astype(np.float32)[None], index[None], np.full(38, 3))
    assert np.array_equal(found, np.eye(PATTERNS)[expected.astype(int)])
    assert len(set(expected)) > 2


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2])
def test_stripes_are_coherent_at_any_angle_and_noise_is_not(angle):
    y, x = np.indices((40, 40))
    stripes = np.sin((np.cos(angle) * y + np.sin(angle) * x) / 2).astype(np.float32)
    noise = np.random.default_rng(0).random((40, 40)).astype(np.float32)
    index = np.pad(np.zeros((36, 36), np.int32), 2, constant_values=-1)[None]
    assert coherence(stripes[None], index, 1)[0] > 0.99
    assert coherence(noise[None], index, 1)[0] < 0.1


def test_a_flat_region_is_not_coherent():
    assert coherence(np.ones((1, 4, 4), np.float32), np.zeros((1, 4, 4), np.int32), 1).tolist() == [0]


@pytest.mark.parametrize("distance", [1, 4])
@given(image=hnp.arrays(np.float32, (2, 12, 9), elements=VALUES))
def test_contrast_is_the_mean_difference_to_the_four_pixels_at_a_distance(distance, image):
    index, area = squares(image.shape)
    padded = np.pad(image, ((0, 0), (distance, distance), (distance, distance)), "symmetric").astype(float)
    moved = [np.roll(padded, step, axis) for axis in (1, 2) for step in (-distance, distance)]
    inner = (slice(None), slice(distance, -distance), slice(distance, -distance))
    change = np.mean([np.abs(other - padded)[inner] for other in moved], axis=0)
    assert np.allclose(contrast(image, index, area, distance), ndimage.mean(change, index, np.arange(area.size)))


def test_without_regions_there_is_no_texture():
    image, index, area = np.ones((1, 3, 3), np.float32), np.full((1, 3, 3), -1, np.int32), np.zeros(0, np.int64)
    assert local_binary_patterns(image, index, area).shape == (0, PATTERNS)
    assert coherence(image, index, 0).shape == contrast(image, index, area, 2).shape == (0,)
