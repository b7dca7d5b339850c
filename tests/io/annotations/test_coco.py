import json

import numpy as np
import pytest
from drawings import raster

from terrazzo.errors import InputError
from terrazzo.io.annotations.canvas import Canvas
from terrazzo.io.annotations.check_drawing import shape_name
from terrazzo.io.annotations.json_shapes import images_in, read_json_shapes

SQUARE = [2, 3, 6, 3, 6, 5, 2, 5]
IMAGES = [{"id": 7, "file_name": "train/a.png", "width": 12, "height": 9}, {"id": 8, "file_name": "b.jpg"}]
CATEGORIES = [{"id": 1, "name": "nucleus", "color": [200, 0, 16]}, {"id": 20, "name": "stroma", "supercategory": "x"}]


def found(segmentation, image=7, category=1, identity=100, **more):
    return {"id": identity, "image_id": image, "category_id": category, "segmentation": segmentation, **more}


@pytest.fixture
def read(tmp_path):
    def read(*annotations, canvas=None, **more):
        whole = {"info": {}, "annotations": list(annotations), "images": IMAGES, "categories": CATEGORIES}
        (tmp_path / "coco.json").write_text(json.dumps(whole | more))
        return read_json_shapes(tmp_path / "coco.json", canvas)

    return read


def test_polygons_are_x_and_y_from_the_corner_of_the_first_pixel(read):
    """As pycocotools fills them: this square is the pixels 3 to 4 down and 2 to 5 across."""
    expected = np.full((9, 12), 255)
    expected[3:5, 2:6] = 0
    assert np.array_equal(raster(read(found([SQUARE])), (9, 12)), expected)


def test_an_object_in_pieces_is_all_of_them_and_masks_keep_their_holes(read):
    pieces = read(found([SQUARE, [8, 0, 9, 0, 9, 9, 8, 9]]))
    assert (raster(pieces, (9, 12)) == 0).sum() == 8 + 9
    assert pieces.shapes.tolist() == [1, 1]
    mask = np.zeros((9, 12), bool)
    mask[2:7, 3:9] = True
    mask[4, 5] = False
    runs = [3 * 9 + 2, 5, 4, 5, 4, 2, 1, 2, 4, 5, 4, 5, 4, 5, 9 * 3 + 2]
    drawing = read(found({"size": [9, 12], "counts": runs}, iscrowd=1))
    assert np.array_equal(raster(drawing, (9, 12)) == 0, mask)


def test_categories_are_the_classes_and_later_objects_lie_over_earlier_ones(read):
    drawing = read(found([SQUARE], category=20), found([[4, 0, 9, 0, 9, 9, 4, 9]]), found([SQUARE], category=None))
    assert drawing.names == ("stroma", "nucleus")
    assert drawing.colours == {"nucleus": "#c80010"}
    assert drawing.classes.tolist() == [0, 1, -1]
    assert raster(drawing, (9, 12))[4, 4] == 0
    assert shape_name(drawing, 1) == "annotation 100 ('nucleus')"


@pytest.mark.parametrize(("name", "shapes"), [("a.png", 1), ("b.jpg", 2), ("a.ome.zarr", 1), ("b.tif", 2)])
def test_the_image_is_found_by_its_name_or_by_its_name_but_for_the_suffix(read, name, shapes):
    objects = [found([SQUARE], 8), found([SQUARE]), found([SQUARE], 8)]
    assert len(read(*objects, canvas=Canvas(name, (9, 12), 1))) == shapes
    assert len(read(*objects)) == 3


def test_a_file_of_one_image_is_that_of_whatever_image_is_given(read):
    assert len(read(found([SQUARE]), images=IMAGES[:1], canvas=Canvas("", (9, 12), 1))) == 1


@pytest.mark.parametrize(
    ("canvas", "message"),
    [
        (Canvas("c.png", (9, 12), 1), r"names no image 'c\.png' among a\.png, b\.jpg; give the image by its file"),
        (Canvas("", (9, 12), 1), r"names several images, and an array has no name, among a\.png, b\.jpg"),
        (
            Canvas("a.png", (18, 24), 1),
            r"image 'a\.png': its shapes are drawn on an image of 12 x 9 pixels and",
        ),
    ],
)
def test_an_image_that_is_not_in_the_file_is_refused(read, canvas, message):
    with pytest.raises(InputError, match=message):
        read(found([SQUARE]), canvas=canvas)


def test_two_images_of_one_name_are_refused(read):
    with pytest.raises(InputError, match=r"names 2 images of the name 'a\.png' among a\.png, b\.jpg, a\.png"):
        read(images=[*IMAGES, {"id": 9, "file_name": "test\\a.png"}], canvas=Canvas("a.png", (9, 12), 1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (found([]), "annotation 100: it has no segmentation, and a box alone does not say which pixels"),
        (found(None, bbox=[1, 2, 3, 4]), "annotation 100: it has no segmentation"),
        (found([[1, 2, 3]]), "annotation 100: its segmentation is neither a mask nor polygons"),
        (found(SQUARE), "annotation 100: its segmentation is neither a mask nor polygons"),
        (found([[1, 2, 3, 4]]), "annotation 100: a ring or line of it has 2 points and needs 3"),
        (found([[1, 2, 3, 4, "5", 6]]), "annotation 100: its coordinates are not pairs of numbers"),
        (found([SQUARE], category=3), "annotation 100: its category_id is 3, which the file's categories do not name"),
        (found([SQUARE], category=[3]), r"annotation 100: an id is \[3\]; it must be a number or a text"),
        (found([SQUARE], identity=None, category=3), "annotation number 1: its category_id"),
        (
            found({"size": [12, 9], "counts": [0, 108]}),
            "annotation 100: its mask is 9 x 12 pixels and its image",
        ),
        (found({"size": [9, 12], "counts": [0, 107]}), "annotation 100: the runs of its mask sum up to 107"),
        (3, r"is no COCO file: its annotations are no list of objects"),
        (found([SQUARE], [1]), r"is no COCO file: an id is \[1\]"),
    ],
)
def test_a_mistake_names_the_object(read, wrong, message):
    with pytest.raises(InputError, match=rf"coco\.json'.* {message}"):
        read(wrong)


def test_a_file_without_images_is_refused(read):
    with pytest.raises(InputError, match=r"is no COCO file: it names no images; give the file with images"):
        read(found([SQUARE]), images=[])


def test_it_says_which_images_it_is_about(read, tmp_path):
    read(found([SQUARE]))
    assert images_in(tmp_path / "coco.json") == ("a.png", "b.jpg")
    (tmp_path / "labelme.json").write_text('{"shapes": []}')
    assert images_in(tmp_path / "labelme.json") is None
    (tmp_path / "broken.json").write_text('{"shapes": [')
    assert images_in(tmp_path / "broken.json") is None
