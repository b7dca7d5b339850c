import json


def test_a_plan_for_people_names_what_it_takes(files, run):
    ended = run("plan", files / "images" / "a.png", "-m", files / "model.safetensors")
    assert ended.code == 0, ended.err
    for words in ("blocks", "memory per worker", "MiB", "not calibrated", "recommended block", "yes"):
        assert words in ended.out


def test_a_plan_for_programs_is_one_document(files, run):
    ended = run("plan", files / "images" / "a.png", "--block", 32, "--workers", 2, "--json")
    assert ended.code == 0, ended.err
    planned = json.loads(ended.out)
    assert planned["extent"] == [96, 96]
    assert planned["blocks"] == 9
    assert planned["superpixels"] == 12 * 12  # of 8 px, as a fit makes them
    assert planned["workers"] == 2
    assert planned["seconds"] is None


def test_a_calibrated_plan_says_how_long_it_takes(files, run):
    options = ("-m", files / "model.safetensors", "--calibrate", "--json")
    ended = run("plan", files / "images" / "a.png", *options)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["seconds"] > 0


def test_what_does_not_fit_is_said_and_is_no_mistake(files, run):
    ended = run("plan", files / "images" / "a.png", "--memory-limit", "50MB")
    assert ended.code == 0
    assert "no: it would be refused" in ended.out
    assert "none fits" in ended.out


def test_a_mistake_ends_with_one_sentence(files, mistake, tmp_path):
    image = files / "images" / "a.png"
    assert "memory_limit is 'much'" in mistake("plan", image, "--memory-limit", "much")
    assert "There is no file" in mistake("plan", tmp_path / "none.png")
    arguments = ("predict", image, "-m", files / "model.safetensors", "-o", tmp_path / "r.zarr", "--workers", 1)
    assert "a worker takes up to 520 MiB before its first block" in mistake(*arguments, "--memory-limit", "64MiB")
    assert not (tmp_path / "r.zarr").exists()
