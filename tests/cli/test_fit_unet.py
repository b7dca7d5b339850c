import json

import imageio.v3 as imageio
import pytest

import terrazzo as tz

QUICK = ("--base", 2, "--depth", 1, "--patch", 32, "--batch", 2, "--device", "cpu", "--epochs", 3)


@pytest.fixture(scope="module")
def unet(files, tmp_path_factory):
    """A U-Net fitted from the command line."""
    from terrazzo.cli import main

    path = tmp_path_factory.mktemp("unet") / "unet.safetensors"
    arguments = (
        "fit",
        "--model",
        "unet",
        files / "images",
        files / "annotations",
        "-o",
        path,
        "--classes",
        "flat, striped",
        *QUICK,
    )
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert left.value.code == 0
    return path


def test_a_unet_is_fitted_predicted_scored_and_described(files, unet, run, tmp_path):
    image, annotation = (files / folder / "a.png" for folder in ("images", "annotations"))
    predicted = run("predict", image, "-m", unet, "-o", tmp_path / "r.zarr", "--workers", 1, "--block", 32, "--json")
    assert predicted.code == 0, predicted.err
    figures = json.loads(predicted.out)
    assert figures.keys() == {"result", "pixels", "seconds"}
    assert figures["pixels"] == imageio.imread(image).size
    scored = json.loads(run("score", tmp_path / "r.zarr", annotation, "--json").out)
    assert scored["accuracy"] > 0.4
    assert scored.get("ceiling") is None
    said = json.loads(run("info", unet, "--json").out)
    assert said["network"] == {"kind": "U-Net", "base": 2, "depth": 1}
    assert said["classes"].keys() == {"flat", "striped"}
    assert said["halo"] == [8, 8]
    described = json.loads(run("info", tmp_path / "r.zarr", "--json").out)
    assert described["finished"]
    assert described["finished_blocks"] == {"classes": described["blocks"]}


def test_a_folder_of_images_gets_a_result_each(files, unet, run, tmp_path):
    ended = run("predict", files / "images", "-m", unet, "-o", tmp_path / "results", "--workers", 1, "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out).keys() == {"results", "pixels"}
    assert len(json.loads(ended.out)["results"]) == 2


def test_the_plan_of_a_unet_has_one_task_per_block_and_one_for_levels(files, unet, run):
    plan = json.loads(run("plan", files / "images" / "a.png", "-m", unet, "--block", 32, "--json").out)
    assert plan["tasks"] == plan["blocks"] + 1 > 2
    assert plan["superpixels"] == 0
    assert plan["disk"].keys() == {"classes"}


def test_the_table_names_the_model_and_how_well_it_does(files, run, tmp_path):
    ended = run("fit-unet", files / "images", files / "annotations", "-o", tmp_path / "m.safetensors", *QUICK)
    assert ended.code == 0
    assert "validation accuracy" in ended.out
    assert tz.open_model(tmp_path / "m.safetensors").class_names == ("class 0", "class 1")


def test_a_pyramid_a_field_and_a_loss_reach_the_model(files, run, mistake, tmp_path):
    path = tmp_path / "m.safetensors"
    quick = ("fit", "--model", "unet", files / "images" / "a.png", files / "annotations" / "a.png", "-o", path, *QUICK)
    top = ("--kernels", "1,3 3+5", "--pyramid", 3, "--dilations", "1 2,1", "--crf", 2, "--crf-radius", "1,2")
    said = mistake(*quick, *top, "--loss", "focal")
    assert "use 'cross-entropy', 'dice' or 'lovasz'" in said
    assert run(*quick, "--convolutions", 2, *top, "--loss", "dice", "--boundary", 2, "--boundary-width", 3).code == 0
    description = tz.open_model(path).network.description
    assert [one.kernel for one in description.down.levels[1].convolutions] == [(3, 3), (5, 5)]
    assert [branch.dilation for branch in description.pyramid.branches] == [(1, 1), (2, 1)]
    assert (description.crf.steps, description.crf.radius) == (2, (1, 2))
    forest = ("fit", "--model", "forest", files / "images" / "a.png", files / "annotations" / "a.png", "-o", path)
    assert "--loss is an option of --model lattice or unet" in mistake(*forest, "--loss", "dice", "--overwrite")


def test_the_old_name_of_the_command_says_what_to_write(mistake, files, unet, caplog):
    mistake("fit-unet", files / "images", files / "annotations", "-o", unet)
    assert [record.getMessage() for record in caplog.records] == [
        "fit-unet goes in the next version; write terrazzo fit --model unet, with the same options"
    ]


def test_mistakes_end_in_one_sentence(files, unet, mistake, tmp_path):
    images, annotations = files / "images", files / "annotations"
    assert "exists" in mistake("fit", "--model", "unet", images, annotations, "-o", unet)
    said = mistake("fit", "--model", "unet", images, annotations, "-o", tmp_path / "m.safetensors", "--patch", 30)
    assert "multiple of the network's stride" in said
    assert "channels" in mistake("predict", files / "colour.png", "-m", unet, "-o", tmp_path / "r.zarr")
    assert not (tmp_path / "m.safetensors").exists()
