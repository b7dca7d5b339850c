from pathlib import Path

import pytest

from terrazzo.errors import InputError, ParameterError
from terrazzo.io.failures import about, reported_as_input_error, reported_as_not_written, require_level


def test_a_library_error_becomes_one_sentence_with_its_cause() -> None:
    with pytest.raises(InputError) as caught, reported_as_input_error("a.tif", "read as TIFF"):
        raise KeyError("no such tag\nand a long explanation")
    assert str(caught.value).startswith("'a.tif' cannot be read as TIFF: ")
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_error_without_words_is_named_by_its_type() -> None:
    with (
        pytest.raises(InputError, match=r"'a\.tif' cannot be read: EOFError"),
        reported_as_input_error("a.tif", "read"),
    ):
        raise EOFError


def test_what_the_system_says_comes_without_the_path_and_with_what_to_do() -> None:
    with (
        pytest.raises(InputError, match=r"^'a\.tif' cannot be read: No such file or directory; look again$"),
        reported_as_input_error("a.tif", "read", "look again"),
    ):
        Path("/nowhere/a.tif").read_bytes()
    with (
        pytest.raises(InputError, match=r": Permission denied; ask its owner for the right to read it$"),
        reported_as_input_error("a.tif", "read", "look again"),
    ):
        raise PermissionError(13, "Permission denied", "a.tif")


@pytest.mark.parametrize("error", [ParameterError("axes"), MemoryError()])
def test_our_own_errors_and_lack_of_memory_pass_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, reported_as_input_error("a.tif", "read"):
        raise error
    assert caught.value is error


def test_a_level_outside_is_refused_with_what_there_is() -> None:
    require_level("a.tif", 2, 3)
    with pytest.raises(InputError, match=r"'a\.tif' has no level 3: it holds levels 0 to 2"):
        require_level("a.tif", 3, 3)


def test_a_full_disk_becomes_one_sentence_with_what_to_do() -> None:
    said = "'r.zarr' cannot be written: No space left on device; mend that and run the same again, which goes on"
    with (
        pytest.raises(InputError, match=said),
        reported_as_not_written("r.zarr"),
        Path("/dev/full").open("wb", buffering=0) as disk,
    ):
        disk.write(b"more than nothing")


def test_what_is_no_matter_of_writing_passes_as_it_is() -> None:
    with pytest.raises(ParameterError, match="axes"), reported_as_not_written("r.zarr"):
        raise ParameterError("axes")


def test_a_mistake_in_one_of_several_files_names_it_once() -> None:
    with pytest.raises(InputError, match=r"^'a\.tif': the image is nan$"), about("a.tif"):
        raise InputError("the image is nan")
    with pytest.raises(InputError, match=r"^'a\.tif' is cut short$"), about("a.tif"):
        raise InputError("'a.tif' is cut short")
    with pytest.raises(InputError, match=r"^the image is nan$"), about(""):
        raise InputError("the image is nan")
