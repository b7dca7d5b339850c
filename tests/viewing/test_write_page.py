import numpy as np
import pytest
from shown import NAMES, stored

import terrazzo as tz
from terrazzo.errors import InputError
from terrazzo.io.levels.coarse import coarse
from terrazzo.viewing import write_page as module


def test_a_page_in_a_folder_holds_the_pixels_of_all_layers(slide, tmp_path):
    tz.write_page(slide.image, tmp_path / "page", slide.result)
    page = tmp_path / "page" / "v" / "page"
    assert 'url=v/page/"' in (tmp_path / "page" / "index.html").read_text()
    assert [file.name for file in tmp_path.iterdir()] == ["page"]
    levels, entry = stored(page, "image")
    assert [one["name"] for one in entry["axes"]] == ["c", "y", "x"]
    assert np.array_equal(levels[0][:], slide.pixels)
    finer = slide.pixels
    for level in levels[1:]:
        finer = coarse(finer, (1, 2, 2), "mean")
        assert np.array_equal(level[:], finer)
    (classes, *_), _ = stored(page, "classes")
    assert np.array_equal(classes[:], slide.classes + np.uint8(1))
    (ids, *_), _ = stored(page, "superpixels")
    assert np.array_equal(ids[:], slide.ids)
    (probabilities, *_), _ = stored(page, "probabilities")
    assert np.array_equal(probabilities[:], slide.probabilities)
    assert probabilities.shape[0] == len(NAMES)


def test_a_page_is_replaced_if_asked_for_and_nothing_else_is(slide, tmp_path):
    target = tmp_path / "page"
    tz.write_page(slide.image, target, slide.result)
    with pytest.raises(InputError, match="exists; choose another path or add --overwrite"):
        tz.write_page(slide.image, target)
    tz.write_page(slide.image, target, overwrite=True)
    assert not (target / "v" / "page" / "classes").exists()
    for folder, what in ((slide.folder, "holds its own input"), (slide.folder / "result.zarr" / "a", "inside its own")):
        with pytest.raises(InputError, match=what):
            tz.write_page(slide.image, folder, slide.result, overwrite=True)
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="is no page of terrazzo, so it is not overwritten"):
        tz.write_page(slide.image, tmp_path / "mine", overwrite=True)
    with pytest.raises(InputError, match=r"ends in \.html, for HTML, and a page is a folder"):
        tz.write_page(slide.image, tmp_path / "page.html")


def test_nothing_half_written_is_left(slide, tmp_path, monkeypatch):
    target = tmp_path / "page"
    tz.write_page(slide.image, target)
    before = sorted(target.rglob("*"))

    def full(step):
        if step.done == 40:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "tell", full)
    with pytest.raises(InputError, match="cannot be written: No space left on device; choose another path"):
        tz.write_page(slide.image, target, slide.result, overwrite=True)
    assert sorted(target.rglob("*")) == before
    assert [file.name for file in tmp_path.iterdir()] == ["page"]
