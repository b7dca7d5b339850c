import pickle
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.errors import InputError
from terrazzo.io.images.content_stamp import content_stamp
from terrazzo.io.images.decoding import Decoding, decoding
from terrazzo.io.images.open_image import open_image, open_labels
from terrazzo.io.images.stored_array import StoredArray

SECTIONS = np.random.default_rng(4).integers(0, 255, (12, 43, 37, 3), dtype=np.uint8)


def write_sections(folder: Path, suffix: str, sections: Any = SECTIONS[..., 0], **options: Any) -> str:
    """Write sections whose names have numbers that are not in the order of letters; return their pattern."""
    folder.mkdir(exist_ok=True)
    for number, section in enumerate(sections):
        if suffix == "npy":
            np.save(folder / f"s{number}.npy", section)
        elif suffix == "tif":
            tifffile.imwrite(folder / f"s{number}.tif", section, **options)
        else:
            iio.imwrite(folder / f"s{number}.{suffix}", section)
    return f"{folder}/s*.{suffix}"


KINDS: dict[str, dict[str, Any]] = {
    "png": {"suffix": "png"},
    "npy": {"suffix": "npy"},
    "mapped_tiff": {"suffix": "tif"},
    "tiled_tiff": {"suffix": "tif", "tile": (16, 16), "compression": "zlib"},
}


@pytest.fixture(scope="module", params=KINDS)
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> StoredArray:
    pattern = write_sections(tmp_path_factory.mktemp("stack"), **KINDS[request.param])
    return open_image(pattern, axes="zyx").stored


def part_of(length: int) -> st.SearchStrategy[Any]:
    return st.one_of(st.slices(length), st.integers(-length, length - 1))


@settings(max_examples=30, deadline=None)
@given(selection=st.tuples(st.just(0), part_of(12), part_of(43), part_of(37)))
def test_a_window_of_a_stack_is_what_numpy_slicing_gives(stored: StoredArray, selection: tuple[Any, ...]) -> None:
    np.testing.assert_array_equal(stored[selection], SECTIONS[None, ..., 0][selection])


def test_a_pickled_stack_is_small_whatever_the_number_of_its_files(stored: StoredArray) -> None:
    sent = pickle.dumps(stored)
    assert len(sent) < 1000
    np.testing.assert_array_equal(pickle.loads(sent)[0, 5], SECTIONS[5, ..., 0])


def test_colours_of_sections_are_channels(tmp_path: Path) -> None:
    image = open_image(write_sections(tmp_path, "png", SECTIONS), axes="zyxc")
    assert (image.shape, image.channels) == ((3, 12, 43, 37), ("red", "green", "blue"))
    np.testing.assert_array_equal(image.data.compute(), SECTIONS.transpose(3, 0, 1, 2))


def test_files_are_channels_named_after_them_when_the_caller_says_so(tmp_path: Path) -> None:
    for name, channel in zip(("DAPI", "GFP"), SECTIONS[..., 0], strict=False):
        iio.imwrite(tmp_path / f"{name}.png", channel)
    image = open_image(tmp_path / "*.png", axes="cyx")
    assert image.channels == ("DAPI", "GFP")
    np.testing.assert_array_equal(image.data.compute(), SECTIONS[:2, ..., 0])


def test_the_axis_of_the_files_is_never_guessed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not say what its 3 axes .* pass axes=, such as axes='zyx' for a vol"):
        open_image(write_sections(tmp_path, "png"))


def test_a_stack_of_labels_has_a_plane(tmp_path: Path) -> None:
    labels = open_labels(write_sections(tmp_path, "png"), axes="zyx")
    np.testing.assert_array_equal(labels.plane[3:7].compute(), SECTIONS[3:7, ..., 0])


def test_a_pattern_that_matches_nothing_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"No image matches '.*/\*'"):
        open_image(tmp_path / "*", axes="zyx")


def test_files_that_are_not_alike_are_an_input_error_that_names_both(tmp_path: Path) -> None:
    pattern = write_sections(tmp_path, "png")
    iio.imwrite(tmp_path / "s5.png", SECTIONS[5, :40, :, 0])
    said = r"s5\.png' is uint8 of shape \(40, 37\) and '.*s0\.png' uint8 of shape \(43, 37\); the files of a stack"
    with pytest.raises(InputError, match=said):
        open_image(pattern, axes="zyx")


def test_a_file_of_a_stack_that_is_broken_is_named(tmp_path: Path) -> None:
    pattern = write_sections(tmp_path, "png")
    (tmp_path / "s5.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"s5\.png' cannot be read"):
        open_image(pattern, axes="zyx")


def test_a_file_that_is_added_is_noticed(tmp_path: Path) -> None:
    stored = open_image(write_sections(tmp_path, "png"), axes="zyx").stored
    first = content_stamp(stored)
    iio.imwrite(tmp_path / "s99.png", SECTIONS[0, ..., 0])
    with pytest.raises(InputError, match="matches other files than when it was opened; open it again"):
        stored[0, 0]
    assert content_stamp(stored) != first


def test_whole_sections_are_chunks_where_they_are_decoded_whole(tmp_path: Path) -> None:
    section = np.zeros((1000, 900), np.uint8)
    png = open_image(write_sections(tmp_path / "png", "png", [section] * 30), axes="zyx").stored
    assert png.chunks == (1, 19, 1000, 900)
    assert decoding(png) == Decoding(0, 1000 * 900)
    npy = open_image(write_sections(tmp_path / "npy", "npy", [section] * 30), axes="zyx").stored
    assert npy.chunks == (1, 30, 256, 256)
    assert decoding(npy) == Decoding(0, 0)
