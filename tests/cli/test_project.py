import json
from contextlib import nullcontext

import imageio.v3 as imageio
import pytest
from textures import NAMES

import terrazzo as tz


@pytest.fixture(autouse=True)
def _in_threads(monkeypatch):
    """A local cluster takes seconds to start, and predict's own tests have one."""
    monkeypatch.setattr("terrazzo.blockwise.cluster.cluster.cluster_client", lambda *_: nullcontext())


@pytest.fixture
def drawn(files, tmp_path):
    """Strokes on the image that the other commands are tested on."""
    classes = imageio.imread(files / "annotations" / "a.png")
    features = []
    for top in range(4, 90, 12):
        for left in (6, 80):
            name = NAMES[int(classes[top, left])]
            line = {"type": "LineString", "coordinates": [[left - 3.5, top + 0.5], [left + 3.5, top + 0.5]]}
            features.append({"type": "Feature", "geometry": line, "properties": {"classification": {"name": name}}})
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_a_study_from_images_to_classes_and_again(files, drawn, run, tmp_path):
    study, image = tmp_path / "study", files / "images" / "a.png"
    begun = run("project", "init", study, image, "--size", 8, "--annotations", drawn, "--json")
    assert begun.code == 0
    assert json.loads(begun.out)["images"][0]["graph"] == "computed"
    fitted = run("project", "fit", study, "--steps", 60, "--json")
    assert fitted.code == 0
    report = json.loads(fitted.out)
    assert report["annotated"] == {name: pixels for name, pixels in report["annotated"].items() if pixels > 50}
    assert list(report["annotated"]) == sorted(NAMES)
    again = json.loads(run("project", "fit", study, "--steps", 5, "--json").out)
    assert again["start"] == "models/0001.safetensors"
    (path,) = json.loads(run("project", "predict", study, "--json").out)["results"]
    truth = imageio.imread(files / "annotations" / "a.png")
    assert (tz.open_result(path).read_classes((slice(None),) * 2) == truth).mean() > 0.8
    places = tmp_path / "places.geojson"
    suggested = json.loads(run("suggest", study, "-o", places, "--number", 3, "--json").out)
    assert suggested["files"] == [str(places)]
    assert len(suggested["places"]) == len(json.loads(places.read_text())["features"])
    assert 1 <= len(json.loads(places.read_text())["features"]) <= 3
    told = run("project", "info", study)
    assert "models/0002.safetensors" in told.out
    both = run("project", "add", study, files / "images", "--json")
    assert [one["name"] for one in json.loads(both.out)["images"]] == ["a", "b"]


def test_mistakes_end_with_one_sentence(files, mistake, run, tmp_path):
    study = tmp_path / "study"
    assert "is no project" in mistake("project", "fit", study)
    assert run("project", "init", study, files / "images" / "a.png", "--size", 8).code == 0
    assert "and save them as 'annotations/a.geojson'" in mistake("project", "fit", study)
    assert "nothing is fitted" in mistake("project", "predict", study)
    assert "superpixels of 8 x 8 pixels" in mistake("project", "init", study, "--size", 16)
    assert "terrazzo project fit --help" in mistake("project", "fit", study, "--no-such")
