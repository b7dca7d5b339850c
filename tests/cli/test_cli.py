import json

import pytest

import terrazzo
from terrazzo.cli import main
from terrazzo.errors import InputError

COMMANDS = ("fit", "plan", "predict", "score", "info", "demo")


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


def test_a_mistake_in_a_process_of_its_own_is_one_line(run_apart, tmp_path):
    missing = str(tmp_path / "none")
    plain = run_apart("info", missing)
    assert plain.returncode == 2
    assert plain.stdout == ""
    assert plain.stderr == f"Error: there is nothing at '{missing}'; give an image, a result or a model\n"


def test_json_is_the_only_thing_on_standard_output(run, files):
    ended = run("info", files / "images" / "a.png", "--json")
    assert json.loads(ended.out)["shape"] == {"c": 1, "y": 96, "x": 96}
    assert ended.err == ""


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
