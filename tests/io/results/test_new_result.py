import errno
import os

import pytest
from segmented import grid_of

from terrazzo.errors import InputError
from terrazzo.io.results import new_result
from terrazzo.io.results.leftovers import half_made, remove_half_made, replaced
from terrazzo.io.results.new_result import create_result
from terrazzo.io.results.result import open_result


def make(path, **others):
    settings = {
        "node_columns": ("mean",),
        "edge_columns": ("length",),
        "class_names": ("a", "b"),
        "colours": ("#000000", "#ffffff"),
        "pixel_size": None,
        "made_from": {},
    }
    return create_result(path, grid_of((60, 70)), **settings | others)


def test_a_new_result_has_no_finished_block_and_nothing_beside_it(tmp_path):
    result = make(tmp_path / "deep" / "result.zarr")
    assert result.finished("superpixels") == result.finished("classes") == {}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["result.zarr"]


def test_what_earlier_runs_left_beside_the_place_is_removed(tmp_path):
    path = tmp_path / "result.zarr"
    for left in (half_made(path), replaced(path)):
        (left / "nodes").mkdir(parents=True)
    make(path)
    assert [path.name for path in tmp_path.iterdir()] == ["result.zarr"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_of_two_runs_that_begin_at_once_one_wins_and_the_other_says_so(tmp_path, monkeypatch, overwrite):
    path, write_empty, won = tmp_path / "result.zarr", new_result._write_empty, []
    if overwrite:
        make(path)

    def overtaken(*args):
        monkeypatch.setattr(new_result, "_write_empty", write_empty)
        won.append(make(path, overwrite=overwrite))
        write_empty(*args)

    monkeypatch.setattr(new_result, "_write_empty", overtaken)
    with pytest.raises(InputError, match=r"another run has begun '.*result.zarr' meanwhile; wait until it has ended"):
        make(path, overwrite=overwrite)
    assert [open_result(path).run_id] == [result.run_id for result in won]
    assert [left.name for left in tmp_path.iterdir()] == ["result.zarr"]


def test_what_was_there_and_cannot_be_removed_now_does_not_end_the_run_that_takes_its_place(tmp_path, monkeypatch):
    def busy(_, ignore_errors=False):
        if not ignore_errors:
            raise OSError(errno.EBUSY, "Device or resource busy")

    make(tmp_path / "result.zarr")
    with monkeypatch.context() as patch:
        patch.setattr("terrazzo.io.results.leftovers.shutil.rmtree", busy)
        result = make(tmp_path / "result.zarr", overwrite=True)
    assert open_result(tmp_path / "result.zarr").run_id == result.run_id
    remove_half_made(tmp_path / "result.zarr")
    assert [left.name for left in tmp_path.iterdir()] == ["result.zarr"]


def test_through_a_link_a_result_is_replaced_where_it_lies(tmp_path):
    make(tmp_path / "there.zarr", made_from={"image": "old"})
    (tmp_path / "link.zarr").symlink_to(tmp_path / "there.zarr")
    make(tmp_path / "link.zarr", made_from={"image": "new"}, overwrite=True)
    assert (tmp_path / "link.zarr").is_symlink()
    assert open_result(tmp_path / "there.zarr").run["made_from"] == {"image": "new"}


def test_a_place_that_refuses_writes_keeps_nothing(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="the result cannot be written to"):
        make(tmp_path / "file" / "result.zarr")
    # the name is free, the one that it is made under is not
    (tmp_path / ".result.zarr.partial").touch()
    with pytest.raises(InputError, match="the result cannot be written to"):
        make(tmp_path / "result.zarr")
    assert not (tmp_path / "result.zarr").exists()


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="a file system that nobody writes to is needed")
def test_a_read_only_file_system_is_named():
    with pytest.raises(InputError, match=r"the result cannot be written to .*terrazzo/result\.zarr': "):
        make("/proc/terrazzo/result.zarr")


def test_removing_what_is_not_there_does_nothing(tmp_path):
    remove_half_made(tmp_path / "result.zarr")
    assert list(tmp_path.iterdir()) == []


def test_each_result_has_an_id_of_its_own(tmp_path):
    assert make(tmp_path / "a").run_id != make(tmp_path / "b").run_id
    assert open_result(tmp_path / "a").run_id == open_result(tmp_path / "a").run["id"]
