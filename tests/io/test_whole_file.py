import pytest

from terrazzo.io.whole_file import write_whole


def test_a_file_takes_the_place_of_another_and_what_cannot_be_written_leaves_that_alone(tmp_path, monkeypatch):
    path = tmp_path / "file"
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
