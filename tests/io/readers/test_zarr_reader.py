import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from terrazzo.errors import InputError
from terrazzo.io.images.open_image import open_image, open_labels

PIXELS = np.random.default_rng(11).integers(0, 60_000, (2, 90, 70), dtype=np.uint16)


def bio_formats_attributes() -> dict[str, Any]:
    """Attributes as Bio-Formats lays them out: five axes, units, a scale per level, channels with labels."""
    axes: list[dict[str, str]] = [
        {"name": "t", "type": "time"},
        {"name": "c", "type": "channel"},
        {"name": "z", "type": "space"},
        {"name": "y", "type": "space", "unit": "micrometer"},
        {"name": "x", "type": "space", "unit": "micrometer"},
    ]
    datasets = [
        {
            "path": str(level),
            "coordinateTransformations": [{"type": "scale", "scale": [1.0, 1.0, 1.0, 0.5 * 2**level, 0.25 * 2**level]}],
        }
        for level in range(2)
    ]
    window = {"start": 0.0, "end": 60_000.0, "min": 0.0, "max": 65_535.0}
    channels = [
        {"active": True, "color": "0000FF", "label": "DAPI", "window": window},
        {"active": True, "color": "00FF00", "label": "GFP", "window": window},
    ]
    return {
        "multiscales": [{"name": "slide", "version": "0.4", "axes": axes, "datasets": datasets}],
        "omero": {"id": 1, "channels": channels, "rdefs": {"model": "color"}},
    }


def write_bio_formats_store(path: Path, image: str, attributes: dict[str, Any]) -> None:
    """Write metadata by hand, byte for byte what another writer would; only the chunks go through zarr."""
    group = path / image
    group.mkdir(parents=True)
    for folder in {path, group}:
        (folder / ".zgroup").write_text('{"zarr_format": 2}')
    (path / ".zattrs").write_text(json.dumps({"bioformats2raw.layout": 3}))
    (group / ".zattrs").write_text(json.dumps(attributes))
    for level in range(2):
        pixels = PIXELS[None, :, None, :: 2**level, :: 2**level]
        array = zarr.create_array(
            group / str(level),
            shape=pixels.shape,
            chunks=(1, 1, 1, 32, 32),
            dtype=pixels.dtype,
            zarr_format=2,
            chunk_key_encoding={"name": "v2", "separator": "/"},
        )
        array[:] = pixels


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_zarr_array_opens(tmp_path: Path, zarr_format: Any) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=PIXELS, chunks=(1, 32, 32), zarr_format=zarr_format)
    image = open_image(tmp_path / "a.zarr")
    assert image.stored.chunks == (2, 90, 70)
    np.testing.assert_array_equal(image.data.compute(), PIXELS)


def test_a_sharded_array_opens(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=PIXELS, chunks=(1, 16, 16), shards=(1, 64, 64))
    np.testing.assert_array_equal(open_image(tmp_path / "a.zarr").data.compute(), PIXELS)


def test_chunks_follow_the_stored_chunks(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", shape=(2, 9000, 9000), chunks=(1, 600, 500), dtype="u1")
    assert open_image(tmp_path / "a.zarr").stored.chunks == (2, 1800, 2000)


def test_dimension_names_say_what_the_axes_are(tmp_path: Path) -> None:
    pixels = PIXELS.transpose(1, 2, 0)
    zarr.create_array(tmp_path / "a.zarr", data=pixels, dimension_names=["y", "x", "c"])
    zarr.create_array(
        tmp_path / "b.zarr", data=pixels, zarr_format=2, attributes={"_ARRAY_DIMENSIONS": ["y", "x", "c"]}
    )
    for name in ("a.zarr", "b.zarr"):
        np.testing.assert_array_equal(open_image(tmp_path / name).data.compute(), PIXELS)


def test_a_group_with_one_array_opens_as_that_array(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "a.zarr").create_array("only", data=PIXELS)
    np.testing.assert_array_equal(open_image(tmp_path / "a.zarr").data.compute(), PIXELS)


def test_a_group_of_many_says_what_it_holds_and_each_opens_by_its_path(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "a.zarr")
    for name in ("first", "second"):
        group.create_array(name, data=PIXELS)
    with pytest.raises(InputError, match="it holds 'first', 'second': open one of these by its path"):
        open_image(tmp_path / "a.zarr")
    assert open_image(tmp_path / "a.zarr" / "second").shape == PIXELS.shape


def test_an_empty_group_is_an_input_error(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "a.zarr")
    with pytest.raises(InputError, match="without an OME image and without arrays"):
        open_image(tmp_path / "a.zarr")


@pytest.mark.parametrize("inside", ["", "0"])
def test_an_ome_zarr_of_bio_formats_opens_from_its_root_and_from_its_image(tmp_path: Path, inside: str) -> None:
    write_bio_formats_store(tmp_path / "a.zarr", "0", bio_formats_attributes())
    image = open_image(tmp_path / "a.zarr" / inside)
    assert image.channels == ("DAPI", "GFP")
    assert image.pixel_size == (0.5, 0.25)
    assert image.pixel_unit == "micrometer"
    np.testing.assert_array_equal(image.data.compute(), PIXELS)


@pytest.mark.parametrize("listed", [True, False])
def test_a_store_of_several_images_says_which_and_each_opens_by_its_path(tmp_path: Path, listed: bool) -> None:
    for name in ("0", "1", "2"):
        write_bio_formats_store(tmp_path / "a.zarr", name, bio_formats_attributes())
    if listed:
        (tmp_path / "a.zarr" / "OME").mkdir()
        (tmp_path / "a.zarr" / "OME" / ".zgroup").write_text('{"zarr_format": 2}')
        (tmp_path / "a.zarr" / "OME" / ".zattrs").write_text('{"series": ["0", "1", "2"]}')
        (tmp_path / "a.zarr" / "OME" / "METADATA.ome.xml").write_text("<OME/>")
    with pytest.raises(InputError, match=r"holds 3 images: '0', '1', '2'; open one of them by its path, such as .*/0'"):
        open_image(tmp_path / "a.zarr")
    np.testing.assert_array_equal(open_image(tmp_path / "a.zarr" / "2", level=1).data.compute(), PIXELS[:, ::2, ::2])


def test_a_collection_without_an_image_is_an_input_error(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "a.zarr", attributes={"ome": {"version": "0.5", "bioformats2raw.layout": 3}})
    with pytest.raises(InputError, match="is a collection without an image"):
        open_image(tmp_path / "a.zarr")


def test_a_plate_says_how_to_open_one_of_its_images(tmp_path: Path) -> None:
    plate = {"wells": [{"path": "B/3", "rowIndex": 1, "columnIndex": 2}]}
    zarr.create_group(tmp_path / "a.zarr", zarr_format=2, attributes={"plate": plate})
    with pytest.raises(InputError, match=r"is a plate of many images; open one by its path, such as .*a\.zarr/B/3/0'"):
        open_image(tmp_path / "a.zarr")


def test_another_level_has_fewer_and_larger_pixels(tmp_path: Path) -> None:
    write_bio_formats_store(tmp_path / "a.zarr", "0", bio_formats_attributes())
    image = open_image(tmp_path / "a.zarr", level=1)
    assert (image.level, image.levels) == (1, 2)
    assert image.pixel_size == (1.0, 0.5)
    np.testing.assert_array_equal(image.data.compute(), PIXELS[:, ::2, ::2])
    with pytest.raises(InputError, match="has no level 2: it holds levels 0 to 1"):
        open_image(tmp_path / "a.zarr", level=2)


def test_the_scale_of_the_image_multiplies_the_scale_of_the_level(tmp_path: Path) -> None:
    attributes = bio_formats_attributes()
    attributes["multiscales"][0]["coordinateTransformations"] = [{"type": "scale", "scale": [1, 1, 1, 10, 100]}]
    write_bio_formats_store(tmp_path / "a.zarr", "0", attributes)
    assert open_image(tmp_path / "a.zarr").pixel_size == (5.0, 25.0)


def test_ome_zarr_of_version_0_5_opens(tmp_path: Path) -> None:
    attributes = bio_formats_attributes()
    del attributes["multiscales"][0]["version"]
    group = zarr.create_group(tmp_path / "a.zarr", attributes={"ome": {"version": "0.5", **attributes}})
    for level in range(2):
        group.create_array(str(level), data=PIXELS[None, :, None, :: 2**level, :: 2**level], dimension_names="tczyx")
    image = open_image(tmp_path / "a.zarr", level=1)
    assert (image.channels, image.pixel_size, image.pixel_unit) == (("DAPI", "GFP"), (1.0, 0.5), "micrometer")
    np.testing.assert_array_equal(image.data.compute(), PIXELS[:, ::2, ::2])


def test_a_label_image_inside_an_ome_zarr_opens_by_its_path(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "a.zarr" / "labels" / "nuclei", zarr_format=2)
    group.attrs["multiscales"] = [
        {"version": "0.4", "axes": [{"name": "y"}, {"name": "x"}], "datasets": [{"path": "0"}]}
    ]
    group.create_array("0", data=PIXELS[0])
    labels = open_labels(tmp_path / "a.zarr" / "labels" / "nuclei")
    assert labels.pixel_size is None
    np.testing.assert_array_equal(labels.plane.compute(), PIXELS[0])


def test_a_long_z_axis_makes_a_volume_and_a_long_t_axis_an_input_error(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "a.zarr", attributes={"ome": bio_formats_attributes()})
    group.create_array("0", data=np.zeros((1, 2, 5, 30, 30), np.uint8))
    group.create_array("1", data=np.zeros((4, 2, 5, 15, 15), np.uint8))
    image = open_image(tmp_path / "a.zarr")
    # a z axis without a unit has no known size
    assert (image.shape, image.pixel_size, image.pixel_unit) == ((2, 5, 30, 30), None, None)
    with pytest.raises(InputError, match="is 4 long along its t axis"):
        open_image(tmp_path / "a.zarr", level=1)


def test_a_level_that_is_named_and_missing_is_an_input_error(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "a.zarr", attributes={"ome": bio_formats_attributes()})
    with pytest.raises(InputError, match=r"cannot be read as Zarr: .*0"):
        open_image(tmp_path / "a.zarr")


@pytest.mark.parametrize("text", ["{", '{"zarr_format": 3, "node_type": "array"}', '{"zarr_format": 9}'])
def test_broken_zarr_metadata_are_an_input_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "zarr.json").write_text(text)
    with pytest.raises(InputError, match="cannot be read as Zarr: "):
        open_image(tmp_path / "a.zarr")


@pytest.mark.parametrize("multiscales", [[], [{}], [{"axes": ["y", "x"], "datasets": []}], "none"])
def test_broken_ome_metadata_are_an_input_error(tmp_path: Path, multiscales: Any) -> None:
    zarr.create_group(tmp_path / "a.zarr", attributes={"ome": {"multiscales": multiscales}})
    with pytest.raises(InputError, match=r"a\.zarr'"):
        open_image(tmp_path / "a.zarr")


def test_an_empty_zarr_array_is_an_input_error(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", shape=(0, 30), chunks=(1, 30), dtype="u1")
    with pytest.raises(InputError, match=r"is empty: its shape is \(0, 30\)"):
        open_image(tmp_path / "a.zarr")
