import json

import pyarrow.csv as pc
import pytest

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
    (tmp_path / "a.csv").touch()
    assert "exists" in mistake("export", result, "-o", tmp_path / "a.tif", "--measure", tmp_path / "a.csv")
    assert not (tmp_path / "a.tif").exists()


def test_what_an_interrupted_export_advises_goes_through(run, files, predicted, tmp_path):
    assert predicted.returncode == 0
    command = ["export", files / "result.zarr", "-o", tmp_path / "a.tif", "--measure", tmp_path / "a.csv"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("terrazzo.blockwise.runs.write_measurements.write_measurements", interrupted)
        ended = run(*command)
    assert ended.code == 130
    assert (tmp_path / "a.tif").exists()
    assert ended.err.endswith("Interrupted: run the same command again with --overwrite to start anew.\n")
    again = run(*command, "--overwrite")
    assert again.code == 0, again.err
    assert (tmp_path / "a.csv").exists()


def interrupted(*_, **__):
    raise KeyboardInterrupt
