import pytest

from terrazzo.wording import (
    by,
    counted,
    figures_text,
    from_to,
    lengths,
    listed,
    pixel_text,
    readable_number,
    readable_seconds,
)


def test_lengths_stand_behind_their_axes():
    assert lengths((3, 4)) == "(y: 3, x: 4)"
    assert lengths((2, 3, 4)) == "(z: 2, y: 3, x: 4)"
    assert lengths((1, 3, 4), "cyx") == "(c: 1, y: 3, x: 4)"


def test_sizes_and_pixels():
    assert by((16, 16.5)) == "16 x 16.5"
    assert pixel_text((0.65, 0.65), "micrometer") == "0.65 x 0.65 micrometer"
    assert pixel_text((1, 1), None) == "1 x 1 (no unit)"
    assert pixel_text(None, None) is None


def test_counts_and_lists():
    assert counted(1, "node") == "1 node"
    assert counted(12345, "node") == "12,345 nodes"
    assert listed(["a", "b"]) == "a, b"
    assert listed(range(13)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … (13 in all)"


def test_figures_by_name():
    assert figures_text({"best_epoch": 57, "validation_accuracy": 0.98614}) == (
        "best epoch 57, validation accuracy 0.9861"
    )
    assert figures_text({}) is None
    assert figures_text({"device": "cpu"}) == "device cpu"


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1 s"), (119, "119 s"), (754, "13 min"), (10000, "3 h"), (1e6, "12 d")]
)
def test_times_as_people_read_them(seconds, text):
    assert readable_seconds(seconds) == text


def test_numbers_have_four_digits_and_all_before_the_point():
    values = (0, 0.123456, 12.3456, 1000, 43690.4, -65535)
    assert [readable_number(value) for value in values] == ["0", "0.1235", "12.35", "1,000", "43,690", "-65,535"]
    assert from_to(0.5, 65535) == "0.5 to 65,535"
