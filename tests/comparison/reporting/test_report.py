import base64
import json
from pathlib import Path

import numpy as np
import pytest
from browser import visit
from PIL import Image

from terrazzo.comparison.growth import _expected_seconds, where_it_stops
from terrazzo.comparison.reporting.page import in_bytes, large, number
from terrazzo.comparison.reporting.report import summary

GIB = 2**30
FIGURES = """[...document.querySelectorAll("td[data-figure]")].map(cell =>
    [cell.dataset.method, cell.dataset.figure, cell.dataset.class ?? null, cell.textContent.trim()])"""


def test_the_page_works_in_a_browser_of_a_phones_width(compared):
    async def look(page):
        cells = await page.run(FIGURES)
        fits = await page.run("document.documentElement.scrollWidth <= window.innerWidth")
        loaded = await page.run(
            "[...document.images].every(one => one.hidden || (one.complete && one.naturalWidth > 0))"
        )
        seen = []
        for value in (0, 30, 100):
            await page.run(
                f"""(() => {{ const slider = document.querySelector(".viewer input"); slider.value = {value};
                slider.dispatchEvent(new Event("input")); }})()"""
            )
            seen.append(await page.run('getComputedStyle(document.querySelector(".over")).clipPath'))
        await page.run(
            """(() => { const choice = document.querySelector("select[data-side=left]"); choice.selectedIndex = 3;
            choice.dispatchEvent(new Event("change")); })()"""
        )
        chosen = await page.run('document.querySelector(".over .layer").src')
        return cells, fits, loaded, seen, chosen, page.errors()

    cells, fits, loaded, seen, chosen, errors = visit(Path(compared.path, "index.html").as_uri(), look)
    assert errors == []
    assert fits
    assert loaded
    assert seen == ["inset(0px 100% 0px 0px)", "inset(0px 70% 0px 0px)", "inset(0px 0% 0px 0px)"]
    third = list(compared.report["pictures"][0]["overlays"].values())[2]
    assert chosen.split(",")[1] == base64.b64encode(Path(compared.path, third).read_bytes()).decode()
    check_cells(cells, compared.report)


def check_cells(cells, report):
    shown = {(method, figure, of): text for method, figure, of, text in cells}
    for method, one in report["methods"].items():
        for figure in ("accuracy", "mean_iou", "macro_f1", "adjusted_rand", "boundary_f1", "ceiling"):
            assert shown[method, figure, None] == number(one["scores"][figure], 4)
        error = shown[method, "calibration_error", None].split()
        assert error[0] == number(one["scores"]["calibration_error"], 4)
        assert 0 < one["scores"]["calibration_error"] < 1
        # a forest has no temperature
        assert (one["calibration_error_before"] is None) is (method == "forest") is (len(error) == 1)
        for name in report["class_names"]:
            for figure in ("iou", "dice"):
                assert shown[method, figure, name] == number(one["scores"][figure][name], 4)
        assert shown[method, "training_seconds", None] == f"{one['training']['seconds']:.1f} s"
        assert shown[method, "seconds_per_megapixel", None] == f"{one['seconds_per_megapixel']:.2f} s"
        assert shown[method, "prediction_memory", None] == in_bytes(one["prediction"]["peak_memory"])
        assert shown[method, "parameters", None] == large(one["parameters"])


def test_the_page_asks_for_nothing_from_elsewhere(compared):
    page = Path(compared.path, "index.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert compared.report["summary"] in page


def test_the_report_on_disk_is_json_without_nan(compared):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    assert json.loads(Path(compared.path, "report.json").read_text(), parse_constant=refuse) == compared.report


def test_each_test_image_has_a_picture_of_each_layer(compared):
    for picture in compared.report["pictures"]:
        assert list(picture["layers"]) == ["image", "truth", "lattice", "lattice errors", "forest", "forest errors"]
        for file in picture["layers"].values():
            assert Image.open(Path(compared.path, file)).size == (96, 96)


def test_what_lies_over_an_image_makes_the_picture_of_its_layer(compared):
    for picture in compared.report["pictures"]:
        image = Image.open(Path(compared.path, picture["layers"]["image"])).convert("RGBA")
        for layer, file in picture["overlays"].items():
            over = Image.open(Path(compared.path, file)).convert("RGBA")
            made = np.array(Image.alpha_composite(image, over).convert("RGB"), int)
            drawn = np.array(Image.open(Path(compared.path, picture["layers"][layer])).convert("RGB"), int)
            assert abs(made - drawn).max() <= 1


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
