from pathlib import Path

import pytest
import zarr

from terrazzo.errors import InputError
from terrazzo.io.files import find_annotations, find_images, find_results, pair_by_stem
from terrazzo.io.readers.location import stem_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.png", "a.tif", "notes.txt", ".hidden.png", "C.JPG"):
        (tmp_path / name).touch()
    zarr.create_group(tmp_path / "d.ome.zarr").create_array("0", shape=(4, 4), chunks=(2, 2), dtype="u1")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "e.npy").touch()
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


@pytest.mark.parametrize("name", ["b.png", "d.ome.zarr"])
def test_a_file_and_a_store_stand_for_themselves(folder: Path, name: str) -> None:
    assert find_images(folder / name) == [folder / name]


def test_a_folder_stands_for_its_visible_images_by_name(folder: Path) -> None:
    assert names(find_images(str(folder))) == ["C.JPG", "a.tif", "b.png", "d.ome.zarr"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.png", ["b.png"]),
        ("[ab].*", ["a.tif", "b.png"]),
        ("*.zarr", ["d.ome.zarr"]),
        ("**/*", ["C.JPG", "a.tif", "b.png", "d.ome.zarr", "e.npy"]),
    ],
)
def test_a_pattern_stands_for_the_images_that_match_and_never_for_parts_of_stores(
    folder: Path, pattern: str, found: list[str]
) -> None:
    assert names(find_images(f"{folder}/{pattern}")) == found


def test_a_name_with_brackets_that_exists_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "a[1].png").touch()
    assert names(find_images(tmp_path / "a[1].png")) == ["a[1].png"]


def test_nothing_found_is_an_input_error_of_its_own_kind(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match="There is no file, folder or store at"):
        find_images(folder / "missing.png")
    with pytest.raises(InputError, match="No image matches"):
        find_images(folder / "*.npy")
    with pytest.raises(InputError, match="holds no images"):
        find_images(folder / "empty")


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.png", "a"),
        ("a.zarr", "a"),
        ("a.ome.zarr", "a"),
        ("a.ome.tif", "a"),
        ("a.b.tiff", "a.b"),
        ("ome.tif", "ome"),
    ],
)
def test_a_stem_is_the_name_without_format_suffixes(name: str, stem: str) -> None:
    assert stem_of(Path("folder") / name) == stem


def paths(folder: str, *names: str) -> list[Path]:
    return [Path(folder) / name for name in names]


def test_images_and_annotations_pair_by_stem_in_the_order_of_the_images() -> None:
    images = paths("images", "b.ome.zarr", "a.tif")
    annotations = paths("labels", "a.png", "b.png")
    assert pair_by_stem(images, annotations) == [(images[0], annotations[1]), (images[1], annotations[0])]


def test_one_image_and_one_annotation_are_a_pair_whatever_their_names() -> None:
    images, annotations = paths("images", "slide.tif"), paths("labels", "truth.png")
    assert pair_by_stem(images, annotations) == [(images[0], annotations[0])]


def test_an_unpaired_name_on_either_side_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"is 1 image without an annotation of the same name: 'b'; give each its pair"):
        pair_by_stem(paths("images", "a.tif", "b.tif"), paths("labels", "a.png"))
    with pytest.raises(InputError, match=r"is 1 annotation without an image of the same name: 'b'; give each its pair"):
        pair_by_stem(paths("images", "a.tif"), paths("labels", "a.png", "b.png"))


def test_up_to_three_unpaired_names_are_listed() -> None:
    images = paths("images", "a.tif", "b.tif", "c.tif", "d.tif", "e.tif")
    with pytest.raises(InputError, match=r"4 images without .*: 'b', 'c', 'd', \.\.\."):
        pair_by_stem(images, paths("labels", "a.png"))


def test_a_stem_twice_on_one_side_is_an_input_error() -> None:
    with pytest.raises(InputError, match="Two images have the same name"):
        pair_by_stem(paths("images", "a.tif", "a.png"), paths("labels", "a.png"))


def test_a_result_that_is_half_made_is_not_found(tmp_path: Path) -> None:
    for name in ("b.zarr", "a.zarr", ".c.zarr.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").touch()
    assert names(find_results(tmp_path, "run.json")) == ["a.zarr", "b.zarr"]


def test_a_file_of_many_images_is_the_annotation_of_each(tmp_path):
    (tmp_path / "instances.json").write_text('{"images": [{"id": 1, "file_name": "a.png"}], "annotations": []}')
    images = paths("images", "a.png", "b.png")
    whole = tmp_path / "instances.json"
    assert pair_by_stem(images, [whole]) == [(image, whole) for image in images]
    (tmp_path / "a.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(InputError, match="1 image without an annotation of the same name: 'b'"):
        pair_by_stem(images, [tmp_path / "a.geojson"])


def test_names_that_differ_by_what_is_added_to_them_are_both_shown():
    with pytest.raises(
        InputError, match=r"same name: 'a', 'b' \(annotations are called 'a_mask', 'b_mask'\); give each"
    ):
        pair_by_stem(paths("images", "a.png", "b.png"), paths("masks", "a_mask.png", "b_mask.png"))


def test_brackets_in_a_pattern_are_explained_where_nothing_matches(tmp_path):
    (tmp_path / "run [2]").mkdir()
    (tmp_path / "run [2]" / "a.png").touch()
    with pytest.raises(InputError, match=r"where \[\.\.\.\] stands for one of the signs inside and \[\[\] for \["):
        find_images(tmp_path / "run [2]" / "*.png")
    assert find_images(tmp_path / "run [[]2]" / "*.png") == [tmp_path / "run [2]" / "a.png"]


def test_shapes_beside_their_images_are_the_annotations(tmp_path):
    for name in ("a.png", "a.json", "b.png", "b.json", "c.png"):
        (tmp_path / name).touch()
    images = [path for path in find_images(tmp_path) if Path(path).stem != "c"]
    assert pair_by_stem(images, find_annotations(tmp_path / "[ab].*")) == [
        (tmp_path / "a.png", tmp_path / "a.json"),
        (tmp_path / "b.png", tmp_path / "b.json"),
    ]
    assert tmp_path / "c.png" in find_annotations(tmp_path)
