from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.ome_zarr_writer import write_ome_zarr
from terrazzo.io.images.open_image import open_image, open_labels

PIXELS = np.random.default_rng(2).integers(1, 255, (3, 130, 170), dtype=np.uint8)


@pytest.mark.parametrize("lazy", [False, True])
def test_what_is_written_opens_as_it_was(tmp_path: Path, lazy: bool) -> None:
    array = da.from_array(PIXELS, chunks=(1, 50, 33)) if lazy else PIXELS
    names = ("red", "green", "blue")
    write_ome_zarr(tmp_path / "a.ome.zarr", array, pixel_size=(0.5, 0.25), channel_names=names, chunks=(32, 64))
    image = open_image(tmp_path / "a.ome.zarr")
    assert (image.pixel_size, image.pixel_unit, image.channels) == ((0.5, 0.25), "micrometer", names)
    np.testing.assert_array_equal(image.data.compute(), PIXELS)


def test_a_plane_has_no_channel_axis(tmp_path: Path) -> None:
    write_ome_zarr(tmp_path / "a.zarr", PIXELS[0], axes="yx")
    assert zarr.open_array(tmp_path / "a.zarr", path="0").shape == (130, 170)
    np.testing.assert_array_equal(open_image(tmp_path / "a.zarr").plane.compute(), PIXELS[0])


VOLUME = np.random.default_rng(4).integers(1, 255, (2, 21, 50, 70), dtype=np.uint8)


@pytest.mark.parametrize("axes", ["czyx", "zyx"])
def test_a_volume_opens_as_it_was_and_one_without_channels_as_labels(tmp_path: Path, axes: Any) -> None:
    array = VOLUME if axes == "czyx" else VOLUME[0]
    write_ome_zarr(tmp_path / "a.zarr", array, axes=axes, pixel_size=(40, 4.5, 4), pixel_unit="nanometer")
    image = open_image(tmp_path / "a.zarr")
    assert (image.pixel_size, image.pixel_unit, image.axes) == ((40.0, 4.5, 4.0), "nanometer", "zyx")
    np.testing.assert_array_equal(image.data.compute(), VOLUME[: image.shape[0]])
    if axes == "zyx":
        np.testing.assert_array_equal(open_labels(tmp_path / "a.zarr").plane.compute(), VOLUME[0])


def test_a_volume_has_the_metadata_of_ome_ngff_0_5(tmp_path: Path) -> None:
    write_ome_zarr(
        tmp_path / "a.zarr", VOLUME, axes="czyx", pixel_size=(9, 2, 3), channel_names="ab", chunks=(8, 16, 32)
    )
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    ome: Any = group.attrs["ome"]
    (multiscale,) = ome["multiscales"]
    space = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    assert multiscale["axes"] == [{"name": "c", "type": "channel"}, *space]
    assert multiscale["datasets"][0]["coordinateTransformations"] == [{"type": "scale", "scale": [1.0, 9.0, 2.0, 3.0]}]
    array: Any = group["0"]
    assert array.metadata.dimension_names == ("c", "z", "y", "x")
    assert array.chunks == (1, 8, 16, 32)


@settings(max_examples=15, deadline=None)
@given(
    source=st.tuples(st.integers(1, 2), st.integers(3, 21), st.integers(7, 50), st.integers(7, 70)),
    stored=st.tuples(st.integers(2, 25), st.integers(9, 60), st.integers(9, 80)),
)
def test_a_volume_whose_chunks_do_not_align_is_written_right_by_many_threads(
    tmp_path_factory: pytest.TempPathFactory, source: tuple[int, ...], stored: tuple[int, ...]
) -> None:
    path = tmp_path_factory.mktemp("written") / "a.zarr"
    with dask.config.set(scheduler="threads", num_workers=8):
        write_ome_zarr(path, da.from_array(VOLUME, chunks=source), axes="czyx", chunks=stored)
    np.testing.assert_array_equal(zarr.open_array(path, path="0")[:], VOLUME)


def test_what_does_not_fit_a_volume_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="axes='cyx' does not fit an array of 4 axes; use 'czyx'"):
        write_ome_zarr(tmp_path / "a.zarr", VOLUME)
    with pytest.raises(ParameterError, match="pixel_size has 2 entries; the axes 'zyx' need 3"):
        write_ome_zarr(tmp_path / "a.zarr", VOLUME, axes="czyx", pixel_size=(1, 2))
    with pytest.raises(ParameterError, match="pixel_size has 3 entries; the axes 'yx' need 2"):
        write_ome_zarr(tmp_path / "a.zarr", VOLUME[0], pixel_size=(1, 2, 3))
    with pytest.raises(ParameterError, match="chunks has 2 entries; the axes 'zyx' need 3"):
        write_ome_zarr(tmp_path / "a.zarr", VOLUME[0], axes="zyx", chunks=(16, 16))
    assert not list(tmp_path.iterdir())


def test_the_metadata_are_those_of_ome_ngff_0_5(tmp_path: Path) -> None:
    write_ome_zarr(tmp_path / "a.zarr", PIXELS, pixel_size=(2, 3), pixel_unit="nanometer", channel_names="abc")
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    ome: Any = group.attrs["ome"]
    assert group.metadata.zarr_format == 3
    assert ome["version"] == "0.5"
    (multiscale,) = ome["multiscales"]
    assert multiscale["axes"] == [
        {"name": "c", "type": "channel"},
        {"name": "y", "type": "space", "unit": "nanometer"},
        {"name": "x", "type": "space", "unit": "nanometer"},
    ]
    assert multiscale["datasets"] == [
        {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 2.0, 3.0]}]}
    ]
    assert [channel["label"] for channel in ome["omero"]["channels"]] == ["a", "b", "c"]
    assert all({"color", "window"} <= channel.keys() for channel in ome["omero"]["channels"])
    array: Any = group["0"]
    assert array.metadata.dimension_names == ("c", "y", "x")


@settings(max_examples=15, deadline=None)
@given(
    source=st.tuples(st.integers(1, 3), st.integers(7, 130), st.integers(7, 170)),
    stored=st.tuples(st.integers(9, 200), st.integers(9, 200)),
)
def test_chunks_that_do_not_align_are_written_right_by_many_threads(
    tmp_path_factory: pytest.TempPathFactory, source: tuple[int, ...], stored: tuple[int, int]
) -> None:
    path = tmp_path_factory.mktemp("written") / "a.zarr"
    with dask.config.set(scheduler="threads", num_workers=8):
        write_ome_zarr(path, da.from_array(PIXELS, chunks=source), chunks=stored)
    np.testing.assert_array_equal(zarr.open_array(path, path="0")[:], PIXELS)


def test_tasks_write_whole_stored_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[slice, ...]] = []
    real = zarr.Array.__setitem__

    def record(self: zarr.Array[Any], region: Any, value: Any) -> None:
        written.append(region)
        real(self, region, value)

    monkeypatch.setattr(zarr.Array, "__setitem__", record)
    pixels = da.ones((2, 5000, 4500), dtype=np.uint8, chunks=(1, 777, 1234))
    write_ome_zarr(tmp_path / "a.zarr", pixels, chunks=(500, 600))
    assert len(written) == 9
    for _, rows, columns in written:
        assert rows.start % 500 == 0
        assert columns.start % 600 == 0
        assert rows.stop % 500 == 0 or rows.stop == 5000
        assert columns.stop % 600 == 0 or columns.stop == 4500


def test_an_existing_path_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "mine").touch()
    with pytest.raises(InputError, match="exists; remove it or write somewhere else"):
        write_ome_zarr(tmp_path / "a.zarr", PIXELS)
    assert [path.name for path in (tmp_path / "a.zarr").iterdir()] == ["mine"]


def test_an_interrupted_run_leaves_nothing_at_the_path_and_the_next_one_succeeds(tmp_path: Path) -> None:
    def fail(block: Any, block_info: Any = None) -> Any:
        if block_info[0]["chunk-location"][1] == 1:
            raise RuntimeError("power cut")
        return block

    broken = da.from_array(PIXELS, chunks=(3, 65, 170)).map_blocks(fail, dtype=np.uint8)
    with pytest.raises(RuntimeError, match="power cut"):
        write_ome_zarr(tmp_path / "a.zarr", broken)
    assert not (tmp_path / "a.zarr").exists()
    write_ome_zarr(tmp_path / "a.zarr", PIXELS)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


def test_arguments_that_do_not_fit_the_array_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="axes='cyx' does not fit an array of 2 axes"):
        write_ome_zarr(tmp_path / "a.zarr", PIXELS[0])
    with pytest.raises(ParameterError, match="2 names for 3 channels"):
        write_ome_zarr(tmp_path / "a.zarr", PIXELS, channel_names=("a", "b"))
    with pytest.raises(InputError, match="complex64"):
        write_ome_zarr(tmp_path / "a.zarr", PIXELS.astype(np.complex64))
    with pytest.raises(InputError, match="no image"):
        write_ome_zarr(tmp_path / "a.zarr", PIXELS[:, :0])
    assert not list(tmp_path.iterdir())
