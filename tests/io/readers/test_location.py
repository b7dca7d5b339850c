from pathlib import Path

import pytest

from terrazzo.io.readers.location import inside_file, is_pattern, is_url, last_name, located, matching_files


@pytest.mark.parametrize(
    ("path", "url"), [("https://h/a.zarr", True), ("s3://b/a", True), ("file:///a.zarr", False), ("a.zarr", False)]
)
def test_a_url_has_a_scheme_and_is_not_of_this_machine(path: str, url: bool) -> None:
    assert is_url(path) == url


def test_a_url_stays_as_it_is_and_a_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert located("https://h/a.zarr/") == "https://h/a.zarr"
    assert located("a.tif") == str(tmp_path / "a.tif")
    assert located("~/a.tif") == str(tmp_path / "home" / "a.tif")
    assert located(f"file://{tmp_path}/a.tif") == str(tmp_path / "a.tif")


def test_a_pattern_is_no_name_of_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "a[1].png").touch()
    assert is_pattern(tmp_path / "a*.png")
    assert not is_pattern(tmp_path / "a[1].png")
    assert not is_pattern("https://h/a.zarr?b")


def test_a_name_inside_an_hdf5_file_is_split_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.h5").touch()
    (tmp_path / "b.h5").mkdir()
    assert inside_file(tmp_path / "a.h5" / "group" / "name") == (tmp_path / "a.h5", "group/name")
    assert inside_file(tmp_path / "a.h5") == (tmp_path / "a.h5", "")
    assert inside_file(tmp_path / "b.h5" / "name") is None
    assert inside_file(tmp_path / "c.h5") is None


def test_files_come_in_the_order_of_their_numbers_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("s10.png", "s9.png", "s1.png", ".s2.png", "s1b.png"):
        (tmp_path / name).touch()
    assert [path.name for path in matching_files(f"{tmp_path}/*.png")] == ["s1.png", "s1b.png", "s9.png", "s10.png"]


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/b.ome.tif", "b.ome.tif"), ("https://h/a/b.zarr", "b.zarr"), ("https://h/b.zarr?token=c/d.e", "b.zarr")],
)
def test_the_last_name_of_a_url_is_without_its_question(path: str, name: str) -> None:
    assert str(last_name(path)) == name
