import numpy as np
import pytest
from drawings import raster

from terrazzo.errors import InputError
from terrazzo.io.annotations.napari_csv import read_napari_csv

HEADER = "index,shape-type,vertex-index,axis-0,axis-1"


@pytest.fixture
def read(tmp_path):
    def read(*lines):
        path = tmp_path / "shapes.csv"
        path.write_text("\n".join(lines) + "\n")
        return read_napari_csv(path)

    return read


def rows(index, kind, points, *more):
    return [",".join(map(str, (index, kind, i, *point, *more))) for i, point in enumerate(points)]


def test_whole_numbers_are_the_centres_of_pixels(read):
    drawn = raster(read(HEADER, *rows(0, "rectangle", [(1.5, 2.5), (1.5, 6.5), (4.5, 6.5), (4.5, 2.5)])), (9, 9), 7)
    assert np.argwhere(drawn != 7).min(axis=0).tolist() == [2, 3]
    assert np.argwhere(drawn != 7).max(axis=0).tolist() == [4, 6]
    line = raster(read(HEADER, *rows(0, "line", [(2, 1), (2, 5)])), (9, 9), 7)
    assert np.argwhere(line != 7).tolist() == [[2, column] for column in range(1, 6)]


def test_each_type_of_shape_is_drawn(read):
    box = [(2, 3), (2, 13), (12, 13), (12, 3)]
    kinds = {"polygon": box[:3], "rectangle": box, "ellipse": box, "path": box, "line": box[:2]}
    lines = [row for index, (kind, points) in enumerate(kinds.items()) for row in rows(index, kind, points)]
    drawing = read(HEADER, *lines)
    assert drawing.filled.tolist() == [True, True, True, False, False]
    assert drawing.shapes.tolist() == [1, 2, 3, 4, 5]


def test_an_ellipse_fills_the_box_around_it_turned_or_not(read):
    drawing = read(HEADER, *rows(0, "ellipse", [(10, 20), (10, 60), (30, 60), (30, 20)]))
    rows_, columns = np.indices((50, 80))
    inside = ((rows_ - 20) / 10) ** 2 + ((columns - 40) / 20) ** 2 < 1
    assert ((raster(drawing, (50, 80), 7) != 7) != inside).sum() <= 4
    turned = read(HEADER, *rows(0, "ellipse", [(30, 10), (50, 30), (40, 40), (20, 20)]))
    drawn = np.argwhere(raster(turned, (60, 60), 7) != 7)
    assert abs(len(drawn) - np.pi * 200**0.5 * 50**0.5) < 12
    assert np.allclose(drawn.mean(axis=0), (35, 25), atol=0.1)


def test_classes_are_in_a_column_of_that_name(read):
    drawing = read(HEADER + ",class", *rows(0, "line", [(1, 1), (2, 2)], "b"), *rows(1, "line", [(1, 1), (2, 2)], "a"))
    assert drawing.names == ("b", "a")
    assert drawing.classes.tolist() == [0, 1]


def test_a_points_layer_is_a_pixel_per_point(read):
    drawing = read("index,axis-0,axis-1", "0.0,3.2,4.4", "1.0,5.0,6.0")
    assert np.argwhere(raster(drawing, (9, 9), 7) != 7).tolist() == [[3, 4], [5, 6]]
    assert drawing.shapes.tolist() == [1, 2]


def test_of_more_axes_the_last_two_count(read):
    drawing = read("index,axis-0,axis-1,axis-2", "0,17,3,4")
    assert drawing.points.tolist() == [[3.5, 4.5]]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "has the columns none; a napari layer has index, axis-0 and axis-1"),
        (["a,b", "1,2"], "has the columns a, b; a napari layer has index, axis-0 and axis-1"),
        (["index,axis-0", "1,2"], "has the columns index, axis-0; a napari layer"),
        ([HEADER, "0,star,0,1,1"], "shape 1: its type is 'star'; it must be one of polygon, rectangle,"),
        ([HEADER, "0,polygon,0,1,1"], "shape 1: its type polygon needs 3 points, and it has 1"),
        ([HEADER, "0,line,0,1,1", "0,line,1,one,1"], r"shape 1: a coordinate is no number \(could not convert"),
        ([HEADER, "0,line,0,1,1", "0,line,1,2"], "shape 1: a coordinate is no number"),
        ([HEADER, "0,line,0,1,1", "0,line,1,nan,1"], "shape 1: a coordinate is not finite"),
        ([HEADER, "0,line,0,1," + "1" * 200_000], r"is no CSV \(field larger than field limit"),
    ],
)
def test_a_mistake_is_named(read, lines, message):
    with pytest.raises(InputError, match=message):
        read(*lines)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"index,\xff\xfe")
    with pytest.raises(InputError, match="is no CSV"):
        read_napari_csv(tmp_path / "a.csv")
