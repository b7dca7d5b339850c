import numpy as np
import shapely
from drawings import drawing_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from segmented import grid_of

from terrazzo.blocks import Box
from terrazzo.regions.outlines.block_outlines import block_outlines
from terrazzo.regions.outlines.join_outlines import OutlineJoiner


def regions_of(image, block_cells, skipped=(255,)):
    """The regions of an image of classes, outlined in blocks of so many cells of 2 x 2 pixels."""
    grid = grid_of(image.shape, (2, 2), block_cells)
    joiner = OutlineJoiner(image.shape[1])
    found = []
    for row in range(grid.shape[0]):
        blocks = [grid[(row, column)] for column in range(grid.shape[1])]
        windows = [image[block.core.grown(1, image.shape).slices] for block in blocks]
        found += joiner.add([block_outlines(*pair, skipped) for pair in zip(windows, blocks, strict=True)])
    assert not joiner.chains
    return found


def as_lists(regions):
    return [(region.value, [ring.tolist() for ring in region.rings]) for region in regions]


@st.composite
def class_images(draw):
    """Noise of few classes, coarse or fine, with a share that has none: seams cross everything."""
    shape = draw(st.tuples(st.integers(1, 26), st.integers(1, 26)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shares = draw(st.sampled_from([(0.5, 0.5, 0), (0.6, 0.3, 0.1)]))
    image = rng.choice(np.array([0, 1, 255], np.uint8), shape, p=shares)
    times = draw(st.sampled_from([1, 2, 3]))
    return np.kron(image, np.ones((times, times), np.uint8))[: shape[0], : shape[1]]


@settings(max_examples=60)
@given(class_images(), st.tuples(st.integers(1, 5), st.integers(1, 5)))
def test_any_blocks_give_the_same_regions_in_the_same_order(image, block_cells):
    whole = regions_of(image, (13, 13))
    assert as_lists(regions_of(image, block_cells)) == as_lists(whole)
    assert [region.order for region in whole] == sorted(region.order for region in whole)


@settings(max_examples=60)
@given(class_images())
def test_there_is_a_valid_polygon_for_each_connected_piece_of_a_class(image):
    regions = regions_of(image, (3, 4))
    pieces = sum(ndimage.label(image == value)[1] for value in (0, 1))
    assert len(regions) == pieces
    for region in regions:
        polygon = shapely.Polygon(region.rings[0], list(region.rings[1:]))
        assert polygon.is_valid, shapely.is_valid_reason(polygon)
        assert polygon.exterior.is_ccw
        assert not any(hole.is_ccw for hole in polygon.interiors)
    for value in (0, 1):
        area = sum(shapely.Polygon(one.rings[0], one.rings[1:]).area for one in regions if one.value == value)
        assert area == (image == value).sum()


@settings(max_examples=60)
@given(class_images())
def test_drawing_the_regions_gives_the_image_back(image):
    regions = regions_of(image, (3, 2))
    drawing = drawing_of(*([ring[:, ::-1] for ring in region.rings] for region in regions))
    values = np.array([region.value for region in regions], np.int64)
    drawn = drawing.raster(Box((0, 0), image.shape), values, 255) if regions else np.full(image.shape, 255)
    assert np.array_equal(drawn, image)


def test_a_class_that_is_skipped_has_no_region_and_leaves_its_place_empty():
    image = np.zeros((8, 8), np.uint8)
    image[2:6, 2:6] = 1
    image[3, 3] = 0
    (region,) = regions_of(image, (2, 2), skipped=(0, 255))
    assert region.value == 1
    assert [ring.tolist() for ring in region.rings] == [
        [[2, 2], [6, 2], [6, 6], [2, 6]],
        [[3, 3], [3, 4], [4, 4], [4, 3]],
    ]


def test_what_has_ended_is_forgotten():
    image = np.indices((40, 6))[0] // 2 % 2
    grid = grid_of(image.shape, (2, 2), (1, 3))
    joiner = OutlineJoiner(6)
    held = []
    for row in range(grid.shape[0]):
        block = grid[(row, 0)]
        window = image[block.core.grown(1, image.shape).slices].astype(np.uint8)
        assert len(joiner.add([block_outlines(window, block, (255,))])) == 1
        held.append((len(joiner.joined), len(joiner.chains), len(joiner.values)))
    assert set(held) == {(0, 0, 0)}
