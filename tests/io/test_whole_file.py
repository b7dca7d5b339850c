import os

import pytest

from terrazzo.io.results.geojson_writer import geojson_file
from terrazzo.io.whole_file import write_whole


def test_a_file_takes_the_place_of_another_and_what_cannot_be_written_leaves_that_alone(tmp_path, monkeypatch):
    path, left = tmp_path / "file", tmp_path / ".file.1f.partial"
    left.touch()  # by a run that was killed
    os.utime(left, (0, 0))
    for content in (b"a" * 99, b"b"):
        write_whole(path, content)
        assert path.read_bytes() == content

    def full(_):
        raise OSError("No space left on device")

    monkeypatch.setattr("terrazzo.io.whole_file.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"c")
    assert path.read_bytes() == b"b"
    assert list(tmp_path.iterdir()) == [path]


def test_two_that_write_one_file_at_once_both_write_it_whole_and_old_leftovers_go(tmp_path):
    path, old, young = tmp_path / "a[1].json", tmp_path / ".a[1].json.1f.partial", tmp_path / ".a[1].json.2f.partial"
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    with geojson_file(path, overwrite=True) as first:
        first.write("1")
        with geojson_file(path, overwrite=True) as second:
            second.write("2")
        assert path.read_text() == '{"type":"FeatureCollection","features":[\n2\n]}\n'
    assert path.read_text() == '{"type":"FeatureCollection","features":[\n1\n]}\n'
    assert sorted(tmp_path.iterdir()) == sorted([path, young])
