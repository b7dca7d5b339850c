import logging
import pickle

import imageio.v3 as imageio
import numpy as np
import PIL.Image
import pytest
import tifffile
import zarr
from drawings import feature, rectangle, write_features

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.annotations.open_annotation import open_annotations

CLASSES = {"stroma": "#00C000", "tumour": "#ff0000", "fat": "#0000ff"}
RGB = np.array([[0, 192, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
GREY = (128, 128, 128)


def classes_of(seed=0, shape=(60, 80)):
    return np.random.default_rng(seed).integers(0, 3, shape).astype(np.uint8)


def palette_picture(classes):
    picture = PIL.Image.fromarray(classes + 4)
    picture.putpalette([9] * 12 + RGB.ravel().tolist())
    return picture


def as_png(path, classes):
    imageio.imwrite(path, RGB[classes])


def as_zarr(path, classes):
    zarr.save_array(str(path), np.moveaxis(RGB[classes], -1, 0))


def as_tiff(path, classes):
    tifffile.imwrite(path, RGB[classes], tile=(16, 32), photometric="rgb", compression="zlib")


def as_palette_png(path, classes):
    palette_picture(classes).save(path)


def as_palette_tiff(path, classes):
    colours = np.zeros((3, 256), np.uint16)
    colours[:, 4:7] = RGB.T.astype(np.uint16) * 257
    tifffile.imwrite(path, classes + 4, photometric="palette", colormap=colours)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.png", as_png),
        ("a.zarr", as_zarr),
        ("a.tif", as_tiff),
        ("a.png", as_palette_png),
        ("a.tif", as_palette_tiff),
    ],
)
def test_each_colour_is_a_class_whatever_the_format_and_the_chunks(tmp_path, caplog, name, write):
    classes = classes_of()
    write(tmp_path / name, classes)
    annotation = tz.open_annotation(tmp_path / name, np.zeros((1, 60, 80)), classes=CLASSES)
    assert annotation.class_names == tuple(CLASSES)
    assert annotation.colours == tuple(CLASSES.values())
    assert annotation.plane.dtype == np.uint8
    assert np.array_equal(annotation.plane.compute(), classes)
    assert np.array_equal(annotation.plane.rechunk((7, 13)).compute(), classes)
    sent = pickle.loads(pickle.dumps(annotation.stored))
    assert np.array_equal(sent[0, 3:33, 11:57:2], classes[3:33, 11:57:2])
    assert not caplog.records


@pytest.mark.parametrize("transparent", ["alpha", "palette", "channel"])
def test_what_is_transparent_is_not_annotated_whatever_colour_it_hides(tmp_path, transparent):
    classes = classes_of()
    hidden = classes == 2
    expected = np.where(hidden, 255, classes)
    path = tmp_path / ("a.zarr" if transparent == "channel" else "a.png")
    pixels = np.dstack([RGB[classes], np.where(hidden, 0, 255).astype(np.uint8)])
    if transparent == "palette":
        palette_picture(classes).save(path, transparency=6)
    elif transparent == "channel":
        zarr.save_array(str(path), np.moveaxis(pixels, -1, 0))
    else:
        imageio.imwrite(path, pixels)
    assert np.array_equal(tz.open_labels(path, colours=list(CLASSES.values())).plane.compute(), expected)
    if transparent == "alpha":
        tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=["unassalpha"])
        assert np.array_equal(tz.open_labels(tmp_path / "a.tif", colours=CLASSES.values()).plane.compute(), expected)


def test_other_colours_are_not_annotated_and_said_in_one_line_with_their_share(tmp_path, caplog):
    classes = np.zeros((50, 40), np.uint8)
    pixels = RGB[classes]
    pixels[:, :10] = GREY
    pixels[0, 0] = (127, 96, 0)  # half of each
    imageio.imwrite(tmp_path / "a.png", pixels)
    expected = classes.copy()
    expected[:, :10] = 255
    assert np.array_equal(tz.open_labels(tmp_path / "a.png", colours=CLASSES.values()).plane.compute(), expected)
    (said,) = caplog.records
    assert said.levelno == logging.WARNING
    assert "25 % of the pixels of" in said.getMessage()
    assert said.getMessage().endswith("count as not annotated: #808080 (24.9 %), #7f6000 (0.05 %)")


def test_without_names_the_sentence_lists_the_colours_with_their_shares(tmp_path):
    pixels = RGB[np.zeros((50, 40), np.uint8)]
    pixels[:, :10] = GREY
    imageio.imwrite(tmp_path / "a.png", pixels)
    for opened in (tz.open_labels, lambda path: tz.open_annotation(path, pixels, classes=["a", "b"])):
        with pytest.raises(InputError, match=r"has 3 channels; labels have one, or a colour for each") as raised:
            opened(tmp_path / "a.png")
        assert "of #00c000 (75 %), #808080 (25 %), by classes={" in str(raised.value)
    imageio.imwrite(tmp_path / "b.png", np.random.default_rng(0).integers(0, 255, (50, 40, 3)).astype(np.uint8))
    with pytest.raises(InputError, match=r"it has \d+ colours: save one integer per pixel, not as JPEG"):
        tz.open_labels(tmp_path / "b.png")


def test_colours_beside_single_numbers_are_those_of_the_classes(tmp_path):
    classes = classes_of()
    np.save(tmp_path / "a.npy", classes)
    annotation = tz.open_annotation(tmp_path / "a.npy", classes, classes=CLASSES)
    assert np.array_equal(annotation.plane.compute(), classes)
    assert annotation.colours == tuple(CLASSES.values())
    shapes = write_features(tmp_path / "a.geojson", [feature([rectangle(0, 0, 9, 9)], "fat", color=[1, 2, 3])])
    drawn = open_annotations([shapes], [np.zeros((1, 60, 80))], classes=CLASSES)[0]
    assert drawn.colours == tuple(CLASSES.values())


@pytest.mark.parametrize(
    ("classes", "options", "message"),
    [
        ({"a": "red"}, {}, "a class has the colour 'red'; colours are of the form #rrggbb"),
        ({"a": "#ff0000", "b": "#FF0000"}, {}, "two classes have the colour #ff0000; give each class a colour"),
        (CLASSES, {"empty": 0}, "empty is 0, and .* has colours, of which others are; leave it out"),
    ],
)
def test_mistakes_with_colours_are_one_sentence(tmp_path, classes, options, message):
    as_png(tmp_path / "a.png", classes_of())
    with pytest.raises(ParameterError, match=message):
        tz.open_annotation(tmp_path / "a.png", np.zeros((1, 60, 80)), classes=classes, **options)


def test_colours_of_more_than_8_bits_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGB[classes_of()].astype(np.uint16), photometric="rgb")
    with pytest.raises(InputError, match="3 channels; labels have one, of whole numbers, or colours of 8 bits, and it"):
        tz.open_labels(tmp_path / "a.tif", colours=CLASSES.values())


def test_the_keys_of_a_dask_graph_follow_from_the_file_and_the_colours(tmp_path):
    as_png(tmp_path / "a.png", classes_of())
    first, second = (tz.open_labels(tmp_path / "a.png", colours=list(CLASSES.values())) for _ in range(2))
    assert first.data.name == second.data.name
    other = tz.open_labels(tmp_path / "a.png", colours=list(CLASSES.values())[::-1])
    assert other.data.name != first.data.name
