import json
import tracemalloc

import numpy as np
import pytest
from drawings import feature, raster, rectangle, write_features

from terrazzo.errors import InputError
from terrazzo.io.annotations.json_shapes import read_json_shapes

SQUARE = [rectangle(2, 3, 6, 5)]


@pytest.fixture
def read(tmp_path):
    def read(*features):
        return read_json_shapes(write_features(tmp_path / "a.geojson", list(features)))

    return read


def test_coordinates_are_x_and_y_from_the_corner_of_the_first_pixel(read):
    expected = np.full((9, 9), 255)
    expected[3:5, 2:6] = 0
    assert np.array_equal(raster(read(feature(SQUARE, "a")), (9, 9)), expected)


@pytest.mark.parametrize(
    ("kind", "coordinates", "filled", "parts"),
    [
        ("Polygon", SQUARE, True, 1),
        ("MultiPolygon", [SQUARE, [rectangle(0, 0, 1, 1)]], True, 2),
        ("LineString", [[0, 0], [4, 4]], False, 1),
        ("MultiLineString", [[[0, 0], [4, 4]], [[0, 4], [4, 0]]], False, 2),
        ("Point", [1.5, 2], False, 1),
        ("MultiPoint", [[1.5, 2], [3, 4], [5, 6]], False, 3),
    ],
)
def test_a_geometry_of_each_kind_becomes_its_parts(read, kind, coordinates, filled, parts):
    drawing = read(feature(coordinates, "a", kind))
    assert drawing.filled.tolist() == [filled] * parts
    assert drawing.shapes.tolist() == [1] * parts


def test_a_collection_of_geometries_is_one_shape(read):
    one = {"type": "Polygon", "coordinates": SQUARE}
    several = {"type": "GeometryCollection", "geometries": [one, {"type": "Point", "coordinates": [0, 0]}]}
    drawing = read({"type": "Feature", "geometry": several, "properties": {"class": "a"}})
    assert drawing.filled.tolist() == [True, False]
    assert drawing.shapes.tolist() == [1, 1]


def test_a_hole_is_empty(read):
    drawn = raster(read(feature([rectangle(0, 0, 9, 9), rectangle(3, 2, 5, 7)], "a")), (9, 9))
    assert (drawn[2:7, 3:5] == 255).all()
    assert (drawn == 0).sum() == 81 - 10


@pytest.mark.parametrize(
    ("properties", "name", "colour"),
    [
        ({"classification": {"name": "Tumor", "color": [200, 0, 16]}}, "Tumor", "#c80010"),
        ({"classification": {"name": "Tumor", "colorRGB": -3670016}}, "Tumor", "#c80000"),
        ({"classification": {"names": ["Tumor", "Positive"], "color": [1, 2, 3]}}, "Tumor: Positive", "#010203"),
        ({"classification": "Tumor"}, "Tumor", None),
        ({"class": "Tumor", "color": [1, 2, 3]}, "Tumor", "#010203"),
        ({"label": 3}, "3", None),
        ({"name": " Tumor "}, "Tumor", None),
        ({"objectType": "annotation", "name": "the third one"}, None, None),
        ({"classification": {"name": "Tumor", "color": [1, 2, 300]}}, "Tumor", None),
        ({"classification": {}}, None, None),
        (None, None, None),
    ],
)
def test_the_class_and_its_colour_are_found(read, properties, name, colour):
    one = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 1]}, "properties": properties}
    drawing = read(one)
    assert drawing.names == (() if name is None else (name,))
    assert drawing.colours == ({} if colour is None else {name: colour})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a" * 201, "its class has a name of 201 letters; at most 200 are allowed: shorten it"),
        ("\ud800", r"its class has the name '\\ud800', with signs that cannot be printed; rename it"),
        ("a\x00", r"its class has the name 'a\\x00', with signs that cannot be printed"),
    ],
)
def test_a_class_whose_name_cannot_be_shown_is_refused(read, name, message):
    with pytest.raises(InputError, match=rf"shape 1: {message}"):
        read(feature(SQUARE, name))


def test_a_name_in_several_lines_becomes_one_line(read):
    assert read(feature(SQUARE, " two\n lines ")).names == ("two lines",)


def test_one_long_text_among_many_coordinates_takes_no_room_for_each(read):
    ring = [[n, n % 7] for n in range(20_000)]
    ring[9][0] = "9" * 20_000
    tracemalloc.start()
    with pytest.raises(InputError, match="its coordinates are not pairs of numbers"):
        read(feature([ring], "a"))
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_a_list_of_features_is_read_as_a_collection(tmp_path):
    path = tmp_path / "list.json"
    path.write_text(json.dumps([feature(SQUARE, "a"), feature(SQUARE, "b")]))
    assert read_json_shapes(path).names == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no JSON: Expecting value"),
        ('{"type": "FeatureCollection", "features": [', "is no JSON: Expecting value"),
        ("{}", "is JSON without shapes of an image: it is an object of type 'None' without a list of features; export"),
        ('{"crs": {"type": "name"}, "features": []}', "its coordinates are those of a map"),
        ('{"type": "Topology"}', "it is an object of type 'Topology' without a list of features"),
        ("[3]", "shape 1: it is no GeoJSON Feature"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_a_file_that_is_no_geojson_is_refused(tmp_path, text, message):
    path = tmp_path / "a.geojson"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_json_shapes(path)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(InputError, match="is no text in UTF-8; export it again, not compressed"):
        read_json_shapes(path)


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (None, "it has no geometry"),
        ({"type": "Circle", "coordinates": [0, 0]}, "its geometry is of type 'Circle'; it must be one of Polygon,"),
        ({"type": "Polygon", "coordinates": []}, "its geometry has no coordinates"),
        ({"type": "Polygon"}, "its geometry has no coordinates"),
        ({"type": "Polygon", "coordinates": [[[0, 0], ["1", 0], [1, 1]]]}, "its coordinates are not pairs of numbers"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1], [1, 1]]]}, "its coordinates are not pairs of numbers"),
        ({"type": "Polygon", "coordinates": [[0, 1]]}, "its coordinates are not pairs of numbers"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [None, 0], [1, 1]]]}, "its coordinates are not pairs of numbers"),
        ({"type": "Point", "coordinates": [float("nan"), 0]}, "its coordinates are not finite"),
        ({"type": "Point", "coordinates": [float("inf"), 0]}, "its coordinates are not finite"),
        ({"type": "Point", "coordinates": [1e300, 0]}, "its coordinates are not finite or no pixels"),
        ({"type": "Point", "coordinates": [-(2**63), 0]}, "its coordinates are not finite or no pixels"),
        ({"type": "Point", "coordinates": [10**400, 0]}, "its coordinates are not pairs of numbers"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, "a ring or line of it has 2 points and needs 3"),
        (
            {"type": "Point", "coordinates": [1, 1], "plane": {"c": -1, "z": 3, "t": 0}},
            "it lies on a plane other than z 0",
        ),
    ],
)
def test_a_geometry_that_cannot_be_drawn_is_refused_by_its_number(read, geometry, message):
    with pytest.raises(InputError, match=rf"a\.geojson', shape 2: {message}"):
        read(feature(SQUARE, "a"), {"type": "Feature", "geometry": geometry, "properties": {"class": "a"}})
