import json

import pyarrow.csv as pc

import terrazzo as tz


def test_classes_become_a_tiff_and_regions_a_table(run, files, predicted, tmp_path):
    assert predicted.returncode == 0
    result = files / "result.zarr"
    ended = run("export", result, "-o", tmp_path / "a.tif", "--measure", tmp_path / "a.csv", "--json")
    assert ended.code == 0, ended.err
    told, table = json.loads(ended.out), pc.read_csv(tmp_path / "a.csv")
    assert told["rows"] == table.num_rows > 0
    assert "mean_0" in table.column_names
    classes = tz.open_labels(result / "labels" / "classes").plane
    assert (tz.open_labels(tmp_path / "a.tif").plane == classes).all().compute()
    ended = run("export", result, "--measure", tmp_path / "b.csv", "--per", "class", "--image", "none")
    assert ended.code == 0, ended.err
    assert pc.read_csv(tmp_path / "b.csv").column_names == ["class", "area"]


def test_mistakes_of_export_are_told(mistake, files, predicted, tmp_path):
    assert predicted.returncode == 0
    result = files / "result.zarr"
    assert "give -o classes.tif, --measure table.csv or both" in mistake("export", result)
    assert "per is 'pixel'" in mistake("export", result, "--measure", tmp_path / "a.csv", "--per", "pixel")
    assert "ends in .png" in mistake("export", result, "-o", tmp_path / "a.png")
