import json

import terrazzo as tz


def test_a_png_becomes_an_ome_zarr_with_levels(run, files, tmp_path):
    source = files / "images" / "a.png"
    ended = run("convert", source, tmp_path / "a.ome.zarr", "--chunks", "16,16", "--calibration", 0.5, "--json")
    assert ended.code == 0, ended.err
    told, written = json.loads(ended.out), tz.open_image(tmp_path / "a.ome.zarr")
    assert (told["levels"], written.levels, written.pixel_size) == (4, 4, (0.5, 0.5))
    assert (written.data == tz.open_image(source).data).all().compute()


def test_mistakes_of_convert_are_told(mistake, files, tmp_path):
    source = files / "images" / "a.png"
    assert "levels is 'max'" in mistake("convert", source, tmp_path / "a.zarr", "--levels", "max")
    assert "chunks is '16'; give" in mistake("convert", source, tmp_path / "a.zarr", "--chunks", "16")
    assert "ends in .tif" in mistake("convert", source, tmp_path / "a.tif")
    assert not list(tmp_path.iterdir())
