import pytest

from terrazzo.errors import InputError
from terrazzo.io.output_path import check_absent, check_output


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
