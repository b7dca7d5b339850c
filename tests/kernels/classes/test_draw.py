import numpy as np
import shapely
from drawings import drawing_of, line_drawing, raster, raster_in_windows
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial import Delaunay

SHAPE = (23, 31)

# quarters of pixels hit centres, corners and edges of pixels
quarters = st.integers(-24, 160).map(lambda quarter: quarter / 4)
reals = st.floats(-6, 40, allow_nan=False, width=32)
points = st.tuples(quarters, quarters) | st.tuples(reals, reals)
rings = st.lists(points, min_size=3, max_size=9)


def centres(shape):
    rows, columns = np.indices(shape)
    return shapely.points(columns + 0.5, rows + 0.5)


def star(seed, corners):
    """A polygon around a point that crosses itself nowhere, (y, x)."""
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = rng.uniform(2, 14, corners)
    return np.stack([11 + reach * np.sin(angles), 15 + reach * np.cos(angles)], axis=1)


@settings(max_examples=60)
@given(st.lists(rings, min_size=1, max_size=3), st.sampled_from([1, 4, 7, 16]))
def test_a_polygon_has_the_same_pixels_in_any_windows(polygon, side):
    drawing = drawing_of(polygon)
    assert np.array_equal(raster_in_windows(drawing, SHAPE, side), raster(drawing, SHAPE))


@settings(max_examples=60)
@given(st.lists(points, min_size=1, max_size=6), st.sampled_from([1, 4, 7, 16]))
def test_a_line_has_the_same_pixels_in_any_windows(line, side):
    drawing = line_drawing(line)
    assert np.array_equal(raster_in_windows(drawing, SHAPE, side), raster(drawing, SHAPE))


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(3, 12))
def test_the_pixels_are_those_whose_centre_shapely_finds_inside(seed, corners):
    ring = star(seed, corners)
    polygon = shapely.Polygon(ring[:, ::-1])
    assert np.array_equal(raster(drawing_of([ring]), SHAPE) == 0, shapely.contains(polygon, centres(SHAPE)))


def test_a_hole_stays_empty_and_what_is_in_the_hole_is_drawn():
    rings = [[(a, a), (a, b), (b, b), (b, a)] for a, b in ((2, 20), (5, 15), (8, 12))]
    found = raster(drawing_of(rings), SHAPE)
    expected = np.full(SHAPE, 255, np.uint8)
    for value, (a, b) in zip((0, 255, 0), ((2, 20), (5, 15), (8, 12)), strict=True):
        expected[a:b, a:b] = value
    assert np.array_equal(found, expected)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_polygons_that_share_outlines_leave_no_gap_and_no_overlap(seed, on_centres):
    rng = np.random.default_rng(seed)
    corners = rng.integers(-8, 40, (12, 2)) + 0.5 if on_centres else rng.uniform(-8, 40, (12, 2))
    corners = np.concatenate([corners, [(-90.0, -90.0), (-90.0, 130.0), (130.0, -90.0), (130.0, 130.0)]])
    triangles = [corners[index] for index in Delaunay(corners).simplices]
    turned = [triangle[:: 1 if i % 2 else -1] for i, triangle in enumerate(triangles)]
    times = sum((raster(drawing_of([triangle]), SHAPE) == 0).astype(int) for triangle in turned)
    assert (times == 1).all()


def test_later_polygons_lie_over_earlier_ones():
    square = [(0, 0), (0, 10), (10, 10), (10, 0)]
    found = raster(drawing_of([square], [[(y + 5, x + 5) for y, x in square]]), (15, 15))
    assert (found[5:15, 5:15] == 1).all()
    assert (found[:5, :10] == 0).all()


def test_an_outline_along_the_edges_of_pixels_holds_just_those_pixels():
    found = raster(drawing_of([[(3, 4), (3, 9), (7, 9), (7, 4)]]), SHAPE)
    expected = np.full(SHAPE, 255)
    expected[3:7, 4:9] = 0
    assert np.array_equal(found, expected)


@settings(max_examples=60)
@given(st.tuples(reals, reals), st.tuples(reals, reals))
def test_a_line_is_one_piece_of_pixels_that_it_passes_through(start, end):
    drawn = raster(line_drawing([start, end]), (60, 60), empty=255) == 0
    inside = np.array([start, end])
    if (inside < 0).any():
        return
    line = shapely.LineString(inside[:, ::-1]) if start != end else shapely.Point(*start[::-1])
    assert ndimage.label(drawn, np.ones((3, 3)))[1] == 1
    for row, column in np.argwhere(drawn):
        assert shapely.distance(shapely.box(column, row, column + 1, row + 1), line) < 1e-5
    for y, x in inside:
        assert drawn[int(y), int(x)]


def test_a_point_is_the_pixel_that_it_lies_in():
    found = raster(line_drawing([(3.99, 7.0)]), SHAPE)
    assert np.argwhere(found == 0).tolist() == [[3, 7]]
