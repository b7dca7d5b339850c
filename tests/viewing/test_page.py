import json
import re
from dataclasses import replace

import pytest
from shown import NAMES, write_shown

import terrazzo as tz
from terrazzo.errors import InputError
from terrazzo.viewing import client
from terrazzo.viewing.page import Page

NO_FILES = ("", "..", "../result.zarr/run.json", "/etc/passwd", "image/../../slide.tif", "./index.html", "index.html/")
NO_CHUNKS = (
    "c/9/0/0",
    "c/0/0",
    "c/0/-1/0",
    "c/0/0/0/",
    "/c/0/0/0",
    "c/0/0/٣",
    "c",
    "",
    "../9/zarr.json",
    "../zarr.json/",
)


def state_of(page):
    start = page.get("start.js").decode()
    return json.loads(re.search(r"const state = (.*);\n", start)[1])


@pytest.fixture
def page(slide):
    return Page(slide.image, slide.result)


def test_each_name_of_a_page_is_a_file_and_no_other_is(page):
    names = list(page.names())
    assert len(names) == len(set(names)) == len(page)
    assert all(page.get(name) for name in names)
    assert {"index.html", "start.js", "classes/names/info", "LICENSE-neuroglancer.txt"} <= set(names)
    missing = [*NO_FILES, *(f"image/0/{name}" for name in NO_CHUNKS), "other/zarr.json", "image/9/zarr.json"]
    assert [name for name in missing if page.get(name) is not None] == []


def test_layers_are_named_with_addresses_that_lie_nowhere_yet(page):
    state = state_of(page)
    assert [layer["name"] for layer in state["layers"]][:2] == ["image", "classes"]
    assert state["layers"][1]["source"] == [{"url": "zarr3://classes/"}, {"url": "precomputed://classes/names/"}]
    assert state["dimensions"] == {"x": [5e-7, "m"], "y": [5e-7, "m"]}
    info = json.loads(page.get("classes/names/info"))
    assert info["inline"]["properties"][0]["values"] == list(NAMES)


def test_lengths_that_are_none_are_plain_numbers(slide):
    for size, unit, expected in [((2.0, 2.0), "furlong", [2.0, ""]), (None, None, [1.0, ""])]:
        page = Page(replace(slide.image, pixel_size=size, pixel_unit=unit))
        assert state_of(page)["dimensions"]["x"] == expected


def test_a_result_of_a_coarser_level_lies_where_its_image_does(slide, tmp_path):
    tz.write_ome_zarr(
        tmp_path / "a.ome.zarr", slide.pixels.repeat(2, 1).repeat(2, 2), axes="cyx", levels="mean", chunks=(64, 64)
    )
    page = Page(tz.open_image(tmp_path / "a.ome.zarr"), slide.result)
    (entry,) = json.loads(page.get("classes/zarr.json"))["attributes"]["ome"]["multiscales"]
    scale, middle = entry["datasets"][0]["coordinateTransformations"]
    assert scale["scale"] == [2.0, 2.0]
    assert middle["translation"] == [1.0, 1.0]


def test_a_result_of_another_image_is_refused(slide, tmp_path):
    tz.write_ome_zarr(tmp_path / "a.ome.zarr", slide.pixels[:, 1:], axes="cyx")
    with pytest.raises(InputError, match=r"has \(y: 240, x: 300\) pixels and .*\(y: 239, x: 300\); give"):
        Page(tz.open_image(tmp_path / "a.ome.zarr"), slide.result)


def test_a_result_that_is_not_finished_is_refused(slide, tmp_path):
    shown = write_shown(tmp_path / "result.zarr", slide.image.extent, (12, 12), finished=False)
    with pytest.raises(InputError, match="is not finished; run the same terrazzo predict again"):
        Page(slide.image, shown.result)


def test_without_neuroglancer_it_is_said_what_to_install(slide, monkeypatch):
    monkeypatch.setattr(client, "PACKAGE", "neuroglancer_that_is_not_there")
    with pytest.raises(InputError, match=r"pip install 'terrazzo\[view\]'"):
        Page(slide.image)
