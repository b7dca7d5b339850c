import pytest

from terrazzo.comparison.growth import _expected_seconds, where_it_stops
from terrazzo.comparison.reporting.page import in_bytes, large
from terrazzo.comparison.reporting.report import summary

GIB = 2**30


def test_the_summary_names_the_most_accurate_and_what_others_cost_beside_it():
    def method(title, accuracy, seconds, per_megapixel):
        scores = {"accuracy": accuracy, "mean_iou": 0.5, "ceiling": 0.97}
        return {
            "title": title,
            "scores": scores,
            "training": {"seconds": seconds},
            "seconds_per_megapixel": per_megapixel,
        }

    methods = {"a": method("A", 0.9, 10.0, 2.0), "b": method("B", 0.95, 100.0, 2.0), "c": {"title": "C", "error": "no"}}
    assert summary(methods) == (
        "B was the most accurate: 95.0% of the test pixels right, mean IoU 0.500. "
        "A: 5.0 points less (its superpixels allow 97.0% at most), 10.0 times quicker to train and as long to predict."
    )


@pytest.mark.parametrize(
    ("peaks", "side"), [([GIB, 4 * GIB], 2 * 2048), ([GIB, GIB], None), ([GIB, 2 * GIB, 2 * GIB], None)]
)
def test_where_memory_stops_follows_from_the_last_two_points(peaks, side):
    sides = [1024, 2048, 4096][: len(peaks)]
    assert where_it_stops(sides, peaks, 16 * GIB) == side


def test_a_side_that_would_take_too_long_is_left_out():
    points = [{"side": 512, "resources": {"seconds": 10}}, {"side": 1024, "error": "none"}]
    assert _expected_seconds(points, 2048) == 160
    assert _expected_seconds([], 2048) == 0


def test_figures_are_shown_in_units_for_people():
    assert [in_bytes(value) for value in (None, 700, 3 * 2**20, 1.5 * GIB)] == ["–", "700 B", "3 MiB", "1.5 GiB"]
    assert [large(value) for value in (None, 950, 12345, 31_040_000)] == ["–", "950", "12 345", "31.04 M"]
