import base64
import io
import json

import numpy as np
import PIL.Image
import pytest
from drawings import raster

from terrazzo.errors import InputError
from terrazzo.io.annotations.canvas import Canvas
from terrazzo.io.annotations.json_shapes import read_json_shapes

BOX = [[2, 3], [6, 5]]


def shape(points, label="a", kind="polygon", **more):
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}, **more}


@pytest.fixture
def read(tmp_path):
    def read(*shapes, canvas=None, **more):
        whole = {"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": "a.png", "imageData": None}
        (tmp_path / "a.json").write_text(json.dumps(whole | {"imageHeight": 9, "imageWidth": 12} | more))
        return read_json_shapes(tmp_path / "a.json", canvas)

    return read


def png(mask):
    file = io.BytesIO()
    PIL.Image.fromarray(mask).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("polygon", [[2, 3], [6, 3], [6, 5], [2, 5]]),
        (None, [[2, 3], [6, 3], [6, 5], [2, 5]]),
        ("rectangle", BOX),
        ("rectangle", [[6, 3], [2, 5]]),
        ("rectangle", [[2, 3], [6, 3], [6, 5], [2, 5]]),
        ("oriented_rectangle", [[2, 3], [6, 3], [6, 5], [2, 5]]),
    ],
)
def test_points_are_x_and_y_from_the_corner_of_the_first_pixel(read, kind, points):
    expected = np.full((9, 12), 255)
    expected[3:5, 2:6] = 0
    assert np.array_equal(raster(read(shape(points, kind=kind)), (9, 12)), expected)


def test_a_circle_goes_through_its_second_point(read):
    drawn = raster(read(shape([[6, 4.5], [6, 0.5]], kind="circle")), (9, 12)) == 0
    rows, columns = np.indices((9, 12)) + 0.5
    assert np.array_equal(drawn, (rows - 4.5) ** 2 + (columns - 6) ** 2 < 16)


def test_lines_and_points_are_the_pixels_that_they_pass(read):
    for kind in ("line", "linestrip"):
        assert np.argwhere(raster(read(shape([[1.5, 2.5], [4.5, 2.5]], kind=kind)), (9, 9)) == 0).tolist() == [
            [2, column] for column in range(1, 5)
        ]
    assert np.argwhere(raster(read(shape([[1.9, 2.1]], kind="point")), (9, 9)) == 0).tolist() == [[2, 1]]
    points = read(shape([[1.9, 2.1], [5, 6]], kind="points"))
    assert np.argwhere(raster(points, (9, 9)) == 0).tolist() == [[2, 1], [6, 5]]


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8])
def test_a_mask_has_its_first_pixel_at_its_first_point(read, dtype):
    mask = np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 1]], dtype)
    drawn = raster(
        read(shape([[5, 4], [8, 6]], kind="mask", mask=png(mask * 255 if dtype == np.uint8 else mask))), (9, 12)
    )
    expected = np.full((9, 12), 255)
    expected[4:7, 5:9][mask != 0] = 0
    assert np.array_equal(drawn, expected)


def test_labels_are_the_classes_and_later_shapes_lie_over_earlier_ones(read):
    drawing = read(
        shape(BOX, "b", "rectangle"), shape([[4, 0], [9, 9]], " a ", "rectangle"), shape([[1, 1]], "", "point")
    )
    assert drawing.names == ("b", "a")
    assert drawing.classes.tolist() == [0, 1, -1]
    assert raster(drawing, (9, 12))[4, 2:7].tolist() == [0, 0, 1, 1, 1]


def test_an_image_of_another_size_is_refused(read):
    point = shape([[1, 1]], kind="point")
    assert len(read(point, canvas=Canvas("", (9, 12), 1))) == 1
    with pytest.raises(InputError, match=r"a\.json': its shapes are drawn on an image of 12 x 9 pixels and this"):
        read(point, canvas=Canvas("", (18, 24), 1))
    assert len(read(point, canvas=Canvas("", (18, 24), 1), imageHeight=None)) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (3, "it is no object with points and a label"),
        (
            shape(BOX, kind="star"),
            "its shape_type is 'star'; it must be one of polygon, rectangle,",
        ),
        (shape([]), "it has no points"),
        (shape(BOX), "has 2 points and needs 3"),
        (shape([[1, 2], [3]]), "its coordinates are not pairs of numbers"),
        (shape([[1, 2], [3, "4"], [5, 6]]), "its coordinates are not pairs of numbers"),
        (shape([[1, 2], [1, 2]], kind="circle"), "its circle has no radius"),
        (shape(BOX, kind="mask"), "its mask is no PNG in base64"),
        (shape(BOX, kind="mask", mask="????"), "its mask is no PNG in base64"),
        (shape(BOX, kind="mask", mask="aGVsbG8="), "its mask is no PNG in base64"),
        (shape(BOX, kind="mask", mask=png(np.zeros((2, 2), bool))), "its mask is empty"),
    ],
)
def test_a_mistake_names_the_shape(read, wrong, message):
    with pytest.raises(InputError, match=rf"a\.json', shape 2: .*{message}"):
        read(shape([[1, 1]], kind="point"), wrong)
