import json

import pytest

import terrazzo
from terrazzo.cli import main
from terrazzo.cli.app import app
from terrazzo.errors import InputError

COMMANDS = ("fit", "ensemble", "plan", "predict", "score", "convert", "export", "info", "demo")


def test_help_names_every_command(run):
    ended = run("--help")
    assert ended.code == 0
    assert all(command in ended.out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    ended = run(command, "--help")
    assert ended.code == 0
    assert "--json" in ended.out


def test_without_a_command_the_help_is_shown(run):
    ended = run()
    assert "Usage" in ended.out + ended.err


@pytest.mark.parametrize("arguments", [("fly",), ("fit",), ("info", "--height", 3), ("demo", "--size", "large")])
def test_what_is_no_command_line_ends_with_2_and_no_traceback(run, arguments):
    ended = run(*arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err
    assert ended.err.strip()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_shows_the_traceback_of_a_mistake(tmp_path, place):
    arguments = ["info", str(tmp_path / "none")]
    arguments.insert(place, "--debug")
    with pytest.raises(InputError, match="there is nothing at"):
        main(arguments)


IMAGE, TRUTH, MODEL, RESULT = "{}/images/a.png", "{}/annotations/a.png", "{}/model.safetensors", "{}/result.zarr"
FIT = f"fit {IMAGE} {TRUTH}"
PRINTING_JSON = [
    f"info {IMAGE}",
    f"info {MODEL}",
    f"info {RESULT}",
    f"plan {IMAGE}",
    f"plan {IMAGE} -m {MODEL} --calibrate --memory-limit 4GiB",
    f"score {RESULT} {TRUTH}",
    f"score {TRUTH} {TRUTH} --classes a,b",
    f"polygons {RESULT} -o {{out}}/p.geojson",
    f"export {RESULT} -o {{out}}/c.tif --measure {{out}}/r.csv",
    f"convert {IMAGE} {{out}}/i.ome.zarr",
    f"view {IMAGE} {RESULT} --export {{out}}/page",
    f"predict {IMAGE} -m {MODEL} -o {RESULT} --block 32",  # finished: it says so
    f"{FIT} -o {{out}}/lattice --size 8 --width 8 --steps 3",
    f"{FIT} -o {{out}}/forest --model forest --trees 10 --samples 200",
    f"{FIT.replace('fit', 'fit-unet')} -o {{out}}/unet --base 2 --depth 1 --epochs 1 --patch 32",
]
ELSEWHERE = {"compare", "demo", "embed", "ensemble", "search", "suggest"}
"""Their runs are long, or need a project, channels or models: tests of their own parse what they print as JSON."""


@pytest.mark.parametrize("command", PRINTING_JSON)
def test_json_is_the_only_thing_on_standard_output(command, predicted, files, tmp_path, capfd):
    json.loads(predicted.stdout)
    arguments = command.replace("{out}", str(tmp_path)).replace("{}", str(files)).split()
    capfd.readouterr()
    with pytest.raises(SystemExit) as left:
        main([*arguments, "--json"])
    printed = capfd.readouterr()
    assert left.value.code == 0, printed.err
    assert isinstance(json.loads(printed.out), dict)


def test_every_command_that_prints_json_is_among_these():
    names = {command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands}
    assert names == {command.split()[0] for command in PRINTING_JSON} | ELSEWHERE


def test_the_version_is_printed(run):
    assert run("--version").out.strip() == terrazzo.__version__


def test_an_unknown_command_is_one_line(run):
    ended = run("segment")
    assert ended.code == 2
    assert ended.err == "Error: No such command 'segment'. (terrazzo --help says what there is)\n"


def test_an_unknown_option_points_to_the_help_of_its_command(run):
    assert run("predict", "--nix").err.endswith("(terrazzo predict --help says what there is)\n")


def test_an_interrupted_command_says_how_to_go_on(run, files, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("terrazzo.io.describe.describe", interrupted)
    ended = run("info", files / "images" / "a.png")
    assert ended.code == 130
    assert ended.err.startswith("Interrupted: run the same command again")
