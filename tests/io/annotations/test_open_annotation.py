import json
import os
import pickle
import subprocess
import sys

import dask.array as da
import numpy as np
import pytest
import tifffile
from drawings import feature, rectangle, write_features
from notebook_tables import shown
from roifile import ImagejRoi

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.annotations.open_annotation import open_annotations

EXTENT = (40, 60)
TUMOUR = feature([rectangle(5, 5, 30, 30)], "Tumor", color=[200, 0, 0])
STROMA = feature([rectangle(20, 20, 50, 38)], "Stroma", color=[150, 200, 150])
DOT = feature([55.5, 2.5], "Tumor", "Point")


def of_another_time(path):
    """Let a file that was written again show it, however coarse the clock of the disk is."""
    os.utime(path, (1, 1))


@pytest.fixture
def image():
    return da.zeros((1, *EXTENT), chunks=16)


@pytest.fixture
def drawn(tmp_path, image):
    def drawn(*features, **options):
        return tz.open_annotation(write_features(tmp_path / "a.geojson", list(features)), image, **options)

    return drawn


def test_shapes_become_a_class_per_pixel_and_the_rest_is_not_annotated(drawn):
    annotation = drawn(TUMOUR, STROMA, DOT)
    expected = np.full(EXTENT, 255, np.uint8)
    expected[5:30, 5:30] = 1
    expected[20:38, 20:50] = 0
    expected[2, 55] = 1
    assert annotation.class_names == ("Stroma", "Tumor")
    assert annotation.colours == ("#96c896", "#c80000")
    assert annotation.plane.dtype == np.uint8
    assert np.array_equal(annotation.plane.compute(), expected)
    assert np.array_equal(annotation.plane.rechunk(7).compute(), expected)
    assert np.array_equal(annotation.stored[0, 3:33, 11:57:2], expected[3:33, 11:57:2])


def test_shapes_are_no_labels_and_how_to_make_labels_of_them_is_said(tmp_path, image):
    shapes = write_features(tmp_path / "a.geojson", [TUMOUR])
    with pytest.raises(InputError, match=r"a\.geojson' holds shapes, and labels hold one integer per pixel; open"):
        tz.open_labels(shapes)
    tz.write_ome_zarr(tmp_path / "labels.zarr", tz.open_annotation(shapes, image).plane, axes="yx")
    assert np.unique(tz.open_labels(tmp_path / "labels.zarr").plane.compute()).tolist() == [0, 255]


def test_the_order_of_the_given_names_decides_the_values(drawn):
    annotation = drawn(TUMOUR, STROMA, classes=["Tumor", "Stroma", "Fat"])
    assert annotation.class_names == ("Tumor", "Stroma", "Fat")
    assert annotation.colours == ("#c80000", "#96c896", None)
    assert annotation.plane.compute()[6, 6] == 0


def test_a_class_that_qupath_ignores_is_left_out_unless_it_is_named(drawn):
    ignored = feature([rectangle(0, 0, 60, 40)], "Region*")
    annotation = drawn(TUMOUR, ignored)
    assert annotation.class_names == ("Tumor",)
    assert annotation.plane.compute()[0, 0] == 255
    assert drawn(TUMOUR, ignored, classes=["Tumor", "Region*"]).plane.compute()[0, 0] == 1


def test_annotations_of_several_images_have_the_classes_of_all(tmp_path, image):
    paths = [write_features(tmp_path / f"{name}.geojson", [one]) for name, one in (("t", TUMOUR), ("s", STROMA))]
    tumour, stroma = open_annotations(paths, [image, image])
    assert tumour.class_names == stroma.class_names == ("Stroma", "Tumor")
    assert tumour.plane.compute().min() == 1
    assert stroma.plane.compute().min() == 0


def test_an_annotation_is_a_few_hundred_bytes_and_parsed_by_the_process_that_reads_it(drawn, tmp_path):
    annotation = drawn(TUMOUR, STROMA, *[DOT] * 1000)
    sent = pickle.dumps(annotation.stored)
    assert len(sent) < 1000
    (tmp_path / "sent").write_bytes(sent)
    program = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb'))[0, 10, 3:8].tolist())"
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "sent"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[255, 255, 1, 1, 1]"


def test_shapes_are_scaled_to_the_level_of_the_image(tmp_path):
    import zarr

    root = zarr.create_group(tmp_path / "pyramid.zarr")
    datasets = []
    for level, (height, width) in enumerate([(41, 60), (20, 30)]):
        root.create_array(str(level), data=np.zeros((height, width), np.uint8))
        datasets.append({"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": [2**level] * 2}]})
    axes = [{"name": axis, "type": "space"} for axis in "yx"]
    root.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    path = write_features(tmp_path / "a.geojson", [TUMOUR])
    coarse = tz.open_annotation(path, tz.open_image(tmp_path / "pyramid.zarr", level=1)).plane.compute()
    assert coarse.shape == (20, 30)
    assert np.argwhere(coarse == 0).min(axis=0).tolist() == [2, 2]
    assert np.argwhere(coarse == 0).max(axis=0).tolist() == [14, 14]


def test_a_napari_layer_has_its_classes_in_a_column_or_by_argument(tmp_path, image):
    path = tmp_path / "shapes.csv"
    path.write_text("index,shape-type,vertex-index,axis-0,axis-1,class\n0,line,0,3,3,b\n0,line,1,3,9,b\n")
    assert tz.open_annotation(path, image).class_names == ("b",)
    path.write_text("index,shape-type,vertex-index,axis-0,axis-1\n0,line,0,3,3\n0,line,1,3,9\n")
    of_another_time(path)
    with pytest.raises(InputError, match="has shapes without classes; add a column 'class' with the name of each"):
        tz.open_annotation(path, image)
    assert (tz.open_annotation(path, image, classes=["stroke"]).plane.compute() == 0).sum() == 7


@pytest.fixture
def coco(tmp_path):
    """Two images and a COCO file of both: in a.npy a rectangle of "x", in b.npy one of "y"."""
    for name in "ab":
        np.save(tmp_path / f"{name}.npy", np.zeros(EXTENT, np.uint8))
    images = [{"id": id, "file_name": f"{name}.png", "width": 60, "height": 40} for id, name in ((1, "a"), (2, "b"))]
    objects = [
        {"id": 5, "image_id": 2, "category_id": 4, "segmentation": [[1, 2, 9, 2, 9, 7, 1, 7]]},
        {"id": 6, "image_id": 1, "category_id": 3, "segmentation": [[5, 5, 30, 5, 30, 30, 5, 30]]},
    ]
    categories = [{"id": 3, "name": "x"}, {"id": 4, "name": "y"}]
    whole = {"images": images, "annotations": objects, "categories": categories}
    (tmp_path / "instances.json").write_text(json.dumps(whole))
    return tmp_path / "instances.json"


def test_of_a_file_of_many_images_each_image_has_its_own_shapes(coco, tmp_path):
    opened = [tz.open_image(tmp_path / f"{name}.npy") for name in "ab"]
    first, second = open_annotations([coco, coco], opened)
    assert first.class_names == second.class_names == ("x", "y")
    expected = np.full(EXTENT, 255, np.uint8)
    expected[5:30, 5:30] = 0
    assert np.array_equal(first.plane.compute(), expected)
    assert np.argwhere(pickle.loads(pickle.dumps(second.stored))[0] == 1).max(axis=0).tolist() == [6, 8]
    assert (tz.open_mask(coco, opened[1]).plane.compute() == 1).sum() == 40
    with pytest.raises(InputError, match="names several images, and an array has no name"):
        tz.open_annotation(coco, np.zeros(EXTENT))


def test_the_size_that_a_file_says_is_that_of_the_full_resolution(coco, tmp_path):
    levels = [np.zeros((40, 60), np.uint8), np.zeros((20, 30), np.uint8)]
    with tifffile.TiffWriter(tmp_path / "b.tif") as file:
        file.write(levels[0], subifds=1)
        file.write(levels[1], subfiletype=1)
    coarse = tz.open_annotation(coco, tz.open_image(tmp_path / "b.tif", level=1)).plane.compute()
    assert np.argwhere(coarse == 0).tolist() == [[row, column] for row in (1, 2) for column in (0, 1, 2, 3)]
    tifffile.imwrite(tmp_path / "a.tif", levels[1])
    with pytest.raises(
        InputError, match=r"image 'a\.png': its shapes are drawn on an image of 60 x 40 pixels and this"
    ):
        tz.open_annotation(coco, tz.open_image(tmp_path / "a.tif"))


def test_labelme_and_imagej_are_read_like_the_others(tmp_path, image):
    shape = {"label": "x", "points": [[5, 5], [30, 30]], "shape_type": "rectangle"}
    (tmp_path / "a.json").write_text(json.dumps({"shapes": [shape], "imageHeight": 40, "imageWidth": 60}))
    ImagejRoi.frompoints(np.array(rectangle(5, 5, 30, 30)), name="x").tofile(tmp_path / "a.zip")
    expected = np.full(EXTENT, 255, np.uint8)
    expected[5:30, 5:30] = 0
    for name in ("a.json", "a.zip"):
        annotation = tz.open_annotation(tmp_path / name, image)
        assert annotation.class_names == ("x",)
        assert np.array_equal(annotation.plane.compute(), expected)
    ImagejRoi.frompoints(np.array(rectangle(5, 5, 30, 30)), name="0017-0017").tofile(tmp_path / "a.roi")
    with pytest.raises(InputError, match="has shapes without classes; rename regions after their class in the ROI"):
        tz.open_annotation(tmp_path / "a.roi", image)
    assert tz.open_annotation(tmp_path / "a.roi", image, classes=["x"]).plane.compute()[10, 10] == 0


def test_a_label_image_is_opened_as_it_is(tmp_path, image):
    labels = np.full(EXTENT, 255, np.uint8)
    labels[3:5] = 1
    np.save(tmp_path / "a.npy", labels)
    annotation = tz.open_annotation(tmp_path / "a.npy", image, classes=["a", "b"])
    assert annotation.class_names == ("a", "b")
    assert np.array_equal(annotation.plane.compute(), labels)
    assert tz.open_annotation(tmp_path / "a.npy", image).class_names is None


@pytest.mark.parametrize(("axes", "select"), [("ZYX", None), ("ZYX", 3), ("ZYX", slice(2, 5)), ("TYX", 3)])
def test_labels_without_axes_and_of_the_lengths_of_an_image_have_its_axes(tmp_path, axes, select):
    pages = np.random.default_rng(0).integers(0, 2, (20, *EXTENT), np.uint8)
    tifffile.imwrite(tmp_path / "image.ome.tif", pages, metadata={"axes": axes})
    tifffile.imwrite(tmp_path / "labels.tif", pages, photometric="minisblack", metadata=None)
    image = tz.open_image(tmp_path / "image.ome.tif", select={axes[0].lower(): select} if select else None)
    for opened in (tz.open_annotation(tmp_path / "labels.tif", image), tz.open_mask(tmp_path / "labels.tif", image)):
        assert np.array_equal(opened.plane.compute(), pages[select] if select else pages)
    tifffile.imwrite(tmp_path / "labels.tif", pages[:19], photometric="minisblack", metadata=None)
    with pytest.raises(InputError, match=r"shape \(19, .*on the command line --axes zyx, or --annotation-axes"):
        tz.open_annotation(tmp_path / "labels.tif", image)


def test_where_zero_is_empty_classes_count_from_one(tmp_path, image):
    labels = np.zeros(EXTENT, np.uint16)
    labels[3:5], labels[7:9] = 1, 2
    np.save(tmp_path / "a.npy", labels)
    annotation = tz.open_annotation(tmp_path / "a.npy", image, empty=0)
    assert annotation.dtype == np.uint8
    expected = np.where(labels == 0, 255, labels - 1)
    assert np.array_equal(annotation.plane.compute(), expected)
    assert pickle.loads(pickle.dumps(annotation.stored))[0, 3, 3] == 0
    labels[0, 0] = 300
    np.save(tmp_path / "high.npy", labels)
    with pytest.raises(InputError, match="holds the value 300; where 0 is not annotated, classes are 1 to 255"):
        tz.open_annotation(tmp_path / "high.npy", image, empty=0).plane.compute()
    with pytest.raises(ParameterError, match="empty is 7; it must be 255, or 0"):
        tz.open_annotation(tmp_path / "a.npy", image, empty=7)


def test_the_inside_of_shapes_is_a_mask_with_classes_or_without(tmp_path, image):
    path = write_features(tmp_path / "a.geojson", [TUMOUR, feature([rectangle(40, 0, 60, 9)])])
    mask = tz.open_mask(path, image).plane.compute()
    expected = np.zeros(EXTENT, np.uint8)
    expected[5:30, 5:30] = expected[0:9, 40:60] = 1
    assert np.array_equal(mask, expected)
    np.save(tmp_path / "mask.npy", expected)
    assert np.array_equal(tz.open_mask(tmp_path / "mask.npy", image).plane.compute(), expected)


def test_a_file_that_changed_after_it_was_opened_is_refused(drawn, tmp_path):
    annotation = drawn(TUMOUR, STROMA)
    of_another_time(write_features(tmp_path / "a.geojson", [STROMA]))
    copied = pickle.loads(pickle.dumps(annotation.stored))
    from terrazzo.io.annotations import drawn_array

    drawn_array._parsed.cache_clear()  # as in another process
    with pytest.raises(InputError, match=r"a\.geojson' changed on disk after it was opened; open it again"):
        copied[0, :5, :5]


def test_a_hundred_thousand_polygons_are_drawn_window_by_window(tmp_path):
    pitch, side = 60, 320
    lines = []
    for number in range(side * side):
        left, top = pitch * (number % side), pitch * (number // side)
        ring = f"[[{left},{top}],[{left + 20},{top}],[{left + 20},{top + 30}],[{left},{top + 30}],[{left},{top}]]"
        place = f'"geometry":{{"type":"Polygon","coordinates":[{ring}]}}'
        lines.append(f'{{"type":"Feature",{place},"properties":{{"class":"{"ab"[number % 2]}"}}}}')
    (tmp_path / "a.geojson").write_text(f"[{','.join(lines)}]")
    annotation = tz.open_annotation(tmp_path / "a.geojson", da.zeros((side * pitch,) * 2, chunks=4096))
    rows, columns = np.mgrid[6000:6500, 7000:7700]
    expected = np.where((rows % pitch < 30) & (columns % pitch < 20), columns // pitch % 2, 255)
    assert np.array_equal(annotation.stored[0, 6000:6500, 7000:7700], expected)


@pytest.mark.parametrize(
    ("features", "options", "message"),
    [
        ([], {}, "holds no shape; draw at least one"),
        ([TUMOUR, feature([rectangle(0, 0, 9, 9)])], {}, r"shape 2 has no class; set its class in QuPath"),
        ([feature([rectangle(0, 0, 9, 9)])], {}, "has shapes without classes; set its class in QuPath"),
        (
            [TUMOUR, STROMA],
            {"classes": ["Tumor", "Fat"]},
            r"shape 2 \('Stroma'\) is of none of the classes Tumor, Fat; name all classes",
        ),
        (
            [TUMOUR, feature([rectangle(70, 10, 90, 20)], "Tumor")],
            {},
            r"shape 2 \('Tumor'\) lies outside the image, at x 70 to 90 and y 10 to 20, and the image is 60 x 40",
        ),
        (
            [TUMOUR, feature([[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]], "Stroma")],
            {},
            r"shape 2 \('Stroma'\) crosses itself near x 5, y 5; draw it again, or mend it with shapely.make_valid",
        ),
        (
            [feature([rectangle(0, 0, 9, 9), rectangle(20, 20, 25, 25)], "Tumor")],
            {},
            r"shape 1 \('Tumor'\) is no valid polygon \(hole lies outside shell\) near x 20, y 20",
        ),
        ([feature([1, 1], str(i), "Point") for i in range(256)], {}, "has 256 classes; there may be 255"),
    ],
)
def test_a_mistake_in_a_drawing_is_one_sentence(drawn, features, options, message):
    with pytest.raises(InputError, match=message) as raised:
        drawn(*features, **options)
    assert "\n" not in str(raised.value)


def test_mistakes_of_the_caller_are_named(drawn, tmp_path, image):
    with pytest.raises(ParameterError, match="classes are a, a; give 1 to 255 different names"):
        drawn(TUMOUR, classes=["a", "a"])
    with pytest.raises(InputError, match="There is no file at"):
        tz.open_annotation(tmp_path / "none.geojson", image)
    with pytest.raises(InputError, match="2 images came with 1 annotations"):
        open_annotations([tmp_path / "a.geojson"], [image, image])
    tz.write_ome_zarr(tmp_path / "volume.zarr", np.zeros((4, 40, 60), np.uint8), axes="zyx")
    write_features(tmp_path / "a.geojson", [TUMOUR])
    with pytest.raises(InputError, match="holds shapes on a plane and the image is a volume"):
        tz.open_annotation(tmp_path / "a.geojson", tz.open_image(tmp_path / "volume.zarr"))


def test_a_shape_may_reach_over_the_border_of_the_image(drawn):
    annotation = drawn(feature([rectangle(-20, -20, 5, 5)], "a")).plane.compute()
    assert (annotation == 0).sum() == 25


def test_json_that_says_nan_is_refused(tmp_path, image):
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps([feature([rectangle(0, 0, float("nan"), 9)], "a")]))
    with pytest.raises(InputError, match="its coordinates are not finite"):
        tz.open_annotation(path, image)


def test_it_says_in_a_line_and_in_a_table_which_classes_it_has(drawn, tmp_path):
    annotation = drawn(TUMOUR, STROMA)
    assert repr(annotation) == (
        f"<terrazzo.Annotation (y: 40, x: 60), classes Stroma, Tumor, '{tmp_path / 'a.geojson'}'>"
    )
    table = shown(annotation)
    assert table.rows["Classes"].split() == ["Stroma", "Tumor"]
    assert "#c80000" in annotation._repr_html_()
    assert table.picture is None  # shapes would have to be drawn


def test_a_label_image_is_shown_in_the_colours_of_its_classes(tmp_path):
    np.save(tmp_path / "labels.npy", np.array([[0, 1], [255, 1]], np.uint8))
    annotation = tz.open_annotation(tmp_path / "labels.npy", np.zeros((2, 2)))
    assert repr(annotation).startswith("<terrazzo.Annotation (y: 2, x: 2), classes without names, ")
    assert shown(annotation).rows["Classes"] == "without names"
    assert shown(annotation).picture[1].tolist() == [[255, 255, 255], [230, 159, 0]]
