import base64
import json
from pathlib import Path

import numpy as np
import pytest
from browser import visit
from comparison.conftest import QUICK, SETTINGS
from flat import comparing
from forked import forked_stage
from PIL import Image

import terrazzo as tz
from terrazzo.comparison import runner
from terrazzo.comparison.reporting.page import in_bytes, large, number
from terrazzo.errors import InputError

FIGURES = """[...document.querySelectorAll("td[data-figure]")].map(cell =>
    [cell.dataset.method, cell.dataset.figure, cell.dataset.class ?? null, cell.textContent.trim()])"""


@pytest.fixture(scope="session")
def compared(pairs, tmp_path_factory):
    """A comparison of two methods, finished."""
    folder = tmp_path_factory.mktemp("compared") / "report"
    settings = {name: SETTINGS[name] for name in ("lattice", "forest")}
    options = QUICK | {"sizes": (8, 16), "sides": (128, 256)}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runner, "_run", forked_stage)
        return tz.compare(*pairs, folder, **comparing(methods=("lattice", "forest"), settings=settings, **options))


def test_each_method_is_measured_on_what_none_has_seen(compared):
    report = compared.report
    fold = report["folds"][0]
    assert sorted(fold["training"] + fold["validation"] + fold["test"]) == [f"image {n}" for n in range(5)]
    for name in ("lattice", "forest"):
        one = report["methods"][name]
        assert [image["name"] for image in one["images"]] == fold["test"]
        assert one["scores"]["pixels"] == len(fold["test"]) * 96 * 96
        assert one["scores"]["accuracy"] > 0.8
        assert one["training"]["seconds"] > 0
        assert one["training"]["peak_memory"] > 100 * 2**20
        assert one["parameters"] > 0
    # pixels decide, so that accuracy may be above the ceiling of superpixels
    assert 0.8 < report["methods"]["lattice"]["scores"]["ceiling"] <= 1
    assert report["methods"]["forest"]["scores"]["ceiling"] is None
    assert [one["size"] for one in report["trade_off"]] == [8, 16]
    assert report["growth"]["lattice"]["sides"] == [128, 256]


def test_the_scores_are_those_of_the_predictions_on_disk(compared, pairs):
    work = f"{compared.path}/work/fold-0/forest/predict"
    outcome = json.loads(Path(work, "outcome.json").read_text())
    right = pixels = 0
    for image in outcome["images"]:
        found = tz.open_labels(image["prediction"]).plane.compute()
        truth = pairs[1][int(image["name"].split()[1])]
        right, pixels = right + (found == truth).sum(), pixels + truth.size
    assert compared.report["methods"]["forest"]["scores"]["accuracy"] == right / pixels


def test_a_finished_comparison_is_refused_and_other_things_in_its_place_are_named(compared, pairs):
    same = {"methods": ("lattice", "forest"), "settings": compared.report["settings"]["settings"]}
    options = QUICK | {"sizes": (8, 16), "sides": (128, 256)} | same
    with pytest.raises(InputError, match="holds this comparison, finished; choose another folder or add --overwrite"):
        tz.compare(*pairs, compared.path, **comparing(**options))
    with pytest.raises(InputError, match="holds a comparison with seed 0 and not 3"):
        tz.compare(*pairs, compared.path, **comparing(**options | {"seed": 3}))
    with pytest.raises(InputError, match="holds a comparison with other images or annotations"):
        tz.compare(pairs[0], pairs[1][::-1], compared.path, **comparing(**options))


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
