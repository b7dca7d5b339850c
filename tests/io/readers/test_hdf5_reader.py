import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from terrazzo.errors import InputError
from terrazzo.io.images.content_stamp import content_stamp
from terrazzo.io.images.decoding import Decoding, decoding
from terrazzo.io.images.open_image import open_image, open_labels

PIXELS = np.random.default_rng(2).integers(0, 60_000, (7, 40, 30), dtype=np.uint16)


def write(path: Path, **datasets: Any) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name.replace("__", "/")] = values
    return path


def test_the_only_image_of_a_file_is_found_among_what_is_none(tmp_path: Path) -> None:
    others = {"names": ["a", "b"], "scale": 2.0, "row": np.arange(9), "complex": np.zeros((9, 9), complex)}
    path = write(tmp_path / "a.h5", group__inner__raw=PIXELS, column=np.zeros((9, 1)), **others)
    image = open_image(path, axes="zyx")
    assert image.path == str(path)
    np.testing.assert_array_equal(image.stored[0, 2:5, 3:20, 4:9], PIXELS[2:5, 3:20, 4:9])


def test_several_images_are_named_and_each_opens_by_its_path(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", raw=PIXELS[0], group__labels=PIXELS[1])
    said = r"holds 2 arrays that can be images; it holds '/group/labels', '/raw': open one .* 'a\.h5/group/labels'"
    with pytest.raises(InputError, match=said.replace("'a", ".*/a")):
        open_image(path)
    np.testing.assert_array_equal(open_labels(path / "group" / "labels").plane.compute(), PIXELS[1])
    np.testing.assert_array_equal(open_image(f"{path}/group").data[0].compute(), PIXELS[1])


def test_a_name_that_is_not_in_the_file_is_an_input_error_with_those_that_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", raw=PIXELS[0])
    with pytest.raises(InputError, match=r"names nothing in the file; it holds '/raw': open one of these by its path"):
        open_image(path / "wrong")


def test_a_file_without_an_image_is_an_input_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", row=np.arange(9))
    with pytest.raises(InputError, match=r"holds 0 arrays that can be images, an array of real numbers with two axes"):
        open_image(path)
    with pytest.raises(InputError, match=r"has 1 axis"):
        open_image(path / "row")


@pytest.mark.parametrize("values", [np.zeros((9, 9), complex), np.full((9, 9), "a", h5py.string_dtype())])
def test_values_that_are_no_intensities_are_an_input_error(tmp_path: Path, values: Any) -> None:
    with pytest.raises(InputError, match="images are boolean, integer or floating"):
        open_image(write(tmp_path / "a.h5", raw=values) / "raw")


def test_chunks_and_type_are_those_of_the_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("raw", shape=(5000, 6000), chunks=(300, 400), dtype=">u2", compression="gzip")
    image = open_image(tmp_path / "a.h5")
    assert (image.dtype, image.stored.chunks) == (np.dtype("u2"), (1, 1800, 2000))
    assert decoding(image.stored) == Decoding(0, 300 * 400 * 2)


def test_booleans_are_booleans(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", mask=PIXELS[0] > 30_000)
    assert open_image(path).dtype == np.bool_
    np.testing.assert_array_equal(open_labels(path).plane.compute(), PIXELS[0] > 30_000)


def test_axes_come_from_labels_of_dimensions(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        raw = file.create_dataset("raw", data=PIXELS)
        for dimension, label in zip(raw.dims, "ZYX", strict=True):
            dimension.label = label
    assert open_image(tmp_path / "a.h5").shape == (1, 7, 40, 30)


def test_axes_come_from_ilastik(tmp_path: Path) -> None:
    axes = [{"key": key, "typeFlags": 2, "resolution": 0, "description": ""} for key in "zyxc"]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        raw = file.create_dataset("exported_data", data=PIXELS[..., None])
        raw.attrs["axistags"] = json.dumps({"axes": axes})
    assert open_image(tmp_path / "a.h5").shape == (1, 7, 40, 30)


def test_the_pixel_size_comes_from_imagej(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("raw", data=PIXELS).attrs["element_size_um"] = [2.0, 0.5, 0.25]
    image = open_image(tmp_path / "a.h5", axes="zyx")
    assert (image.pixel_size, image.pixel_unit) == ((2.0, 0.5, 0.25), "micrometer")


def test_a_truncated_file_is_an_input_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", raw=PIXELS[0])
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(InputError, match=r"cannot be read as HDF5: .*truncated file.*; see that it is whole"):
        open_image(path)


def test_a_compression_without_its_plugin_is_named_before_anything_is_read(tmp_path: Path) -> None:
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((10, 10))
    plan.set_filter(32026, h5py.h5z.FLAG_OPTIONAL, ())
    with h5py.File(tmp_path / "a.h5", "w") as file:
        space = h5py.h5s.create_simple((40, 30))
        h5py.h5d.create(file.id, b"raw", h5py.h5t.NATIVE_UINT8, space, dcpl=plan)
    if h5py.h5z.filter_avail(32026):
        pytest.skip("the plugin for this compression is installed")
    with pytest.raises(InputError, match=r"is compressed by the HDF5 plugin .*, which is not installed; compress it"):
        open_image(tmp_path / "a.h5")


def test_only_level_zero_can_be_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no level 1: it holds only level 0"):
        open_image(write(tmp_path / "a.h5", raw=PIXELS[0]), level=1)


def test_a_file_that_is_written_again_has_another_stamp(tmp_path: Path) -> None:
    first = content_stamp(open_image(write(tmp_path / "a.h5", raw=PIXELS[0])).stored)
    assert content_stamp(open_image(write(tmp_path / "a.h5", raw=PIXELS[:2].sum(0))).stored) != first


def test_other_formats_do_without_the_library(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", PIXELS[0])
    script = "import sys, terrazzo; terrazzo.open_image(sys.argv[1]).stored[0]; sys.exit('h5py' in sys.modules)"
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "a.npy")], check=True)


def test_a_file_that_another_program_writes_says_so(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = np.zeros((4, 4), np.uint8)
        file.flush()
        program = f"import terrazzo as tz; tz.open_image({str(tmp_path / 'a.h5')!r})"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "a.h5' is open for writing in another program; close it there, or set HDF5_USE_FILE_LOCKING" in done.stderr
