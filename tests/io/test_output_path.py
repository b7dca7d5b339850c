import os

import pytest

from terrazzo.errors import InputError
from terrazzo.io.output_path import FORMATS, OUTPUTS, check_absent, check_ending, check_model_path, check_output


@pytest.mark.parametrize("output", OUTPUTS)
def test_only_endings_of_its_own_format_and_those_of_none_are_allowed(output):
    what, allowed = OUTPUTS[output]
    for ending in (*allowed, "", ".v1", ".d"):
        check_ending(f"runs/out{ending}", output)
        check_ending(f"a.png/out{ending}", output)
    for ending, format_name in FORMATS.items():
        if ending not in allowed:
            advised = f"out{allowed[0]}" if allowed else "out"
            with pytest.raises(
                InputError, match=f"^'out{ending.upper()}' ends in {ending}, for {format_name}, and {what}"
            ):
                check_ending(f"out{ending.upper()}", output)
            with pytest.raises(InputError, match=f"; write to '{advised}'$"):
                check_ending(f"out.ome{ending}", output)


def test_what_is_advised_has_its_ending_once():
    with pytest.raises(InputError, match=r"write to 'classes\.geojson'$"):
        check_ending("classes.geojson.gz", "polygons")


def test_what_is_advised_is_in_the_same_folder():
    with pytest.raises(InputError, match=r"write to '/a b/page'$"):
        check_ending("/a b/page.html", "page")


@pytest.fixture
def store(tmp_path):
    (tmp_path / "image.zarr" / "0").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "image.zarr")
    return tmp_path / "image.zarr"


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("image.zarr", "is what it would be made from"),
        ("link", "is what it would be made from"),
        ("other/../image.zarr", "is what it would be made from"),
        ("image.zarr/result.zarr", "is inside its own input"),
        ("link/labels/result.zarr", "is inside its own input"),
        (".", "holds its own input"),
    ],
)
def test_output_that_would_change_its_input_is_refused(store, output, what):
    with pytest.raises(InputError, match=what):
        check_output(store.parent / output, store.parent / "none.png", store)


def test_output_beside_its_input_is_allowed(store):
    check_output(store.parent / "image.zarr.result", store)
    check_output(store.parent / "other" / "image.zarr", store, store.parent / "annotation.png")


def test_what_is_there_is_overwritten_only_where_that_is_allowed(store):
    check_absent(store, overwrite=True)
    check_absent(store.parent / "new.zarr", overwrite=False)
    with pytest.raises(InputError, match="exists; choose another path or add --overwrite"):
        check_absent(store, overwrite=False)


def test_where_no_model_can_be_written_is_said_before_it_is_fitted(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    check_model_path(tmp_path / "new" / "folder" / "m.safetensors", overwrite=False)
    for overwrite in (False, True):
        with pytest.raises(InputError, match="is a folder; name a file in it"):
            check_model_path(tmp_path, overwrite)
    with pytest.raises(InputError, match=r"nothing can be written in '.*file'; choose another path"):
        check_model_path(tmp_path / "file" / "m.safetensors", overwrite=False)
    monkeypatch.setattr(os, "access", lambda folder, _: folder != tmp_path)  # as of a disk that is read-only
    with pytest.raises(InputError, match=f"nothing can be written in '{tmp_path}'; choose another path"):
        check_model_path(tmp_path / "new" / "m.safetensors", overwrite=False)
