"""What napari is told of the plugin, by files that it reads without the plugin's help."""

import ast
import tomllib
from pathlib import Path

import yaml

import terrazzo.napari

ROOT = Path(__file__).parents[2]
MANIFEST = yaml.safe_load((Path(terrazzo.napari.__file__).parent / "napari.yaml").read_text())


def test_each_command_is_a_name_in_a_module_that_is_there():
    for command in MANIFEST["contributions"]["commands"]:
        module, _, name = command["python_name"].partition(":")
        tree = ast.parse((ROOT / "src" / Path(*module.split("."))).with_suffix(".py").read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_each_contribution_names_a_command_and_the_package_names_the_manifest():
    given = MANIFEST["contributions"]
    commands = {one["id"] for one in given.pop("commands")}
    assert {one["command"] for kind in given.values() for one in kind} == commands
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert known["entry-points"]["napari.manifest"] == {"terrazzo": "terrazzo.napari:napari.yaml"}
    assert MANIFEST["name"] == known["name"]
