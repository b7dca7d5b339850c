from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer
from typer.testing import CliRunner

from terrazzo.cli.app import app
from terrazzo.cli.groups import grouped, option_of, said
from terrazzo.models.messages.settings import FITTED_SIZE
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters


@dataclass(frozen=True)
class First:
    """Without a title."""

    name: Annotated[str, typer.Option("--name", "-n", help="A name.")]
    count: Annotated[int, typer.Option(help="A count.")] = 3


@dataclass(frozen=True)
class Rest:
    """With one."""

    TITLE: ClassVar = "The rest"

    far_away: Annotated[bool | None, typer.Option("--far/--near", help="A place.")] = None
    note: Annotated[str | None, typer.Option(help="A note.")] = None


GIVEN = []
small = typer.Typer()


@small.command()
@grouped
def command(thing: Annotated[str, typer.Argument(help="A thing.")], first: First, *, rest: Rest) -> None:
    """Do it."""
    GIVEN.append((thing, first, rest))


def test_a_command_is_given_its_groups():
    ended = CliRunner().invoke(small, ["stone", "-n", "a", "--near"])
    assert ended.exit_code == 0, ended.output
    assert GIVEN.pop() == ("stone", First("a", 3), Rest(False, None))


def test_a_field_without_a_default_is_required():
    assert "--name" in CliRunner().invoke(small, ["stone"]).output
    assert not GIVEN


def test_options_stand_in_the_panel_of_their_group_and_those_of_none_come_first():
    params = {param.name: param for param in typer.main.get_command(small).params}
    panels = {name: getattr(param, "rich_help_panel", None) for name, param in params.items()}
    assert list(panels) == ["thing", "name", "count", "far_away", "note", *list(panels)[5:]]
    assert (panels["name"], panels["far_away"], panels["note"]) == (None, "The rest", "The rest")
    shown = CliRunner().invoke(small, ["--help"]).output
    assert shown.index("--count") < shown.index("The rest") < shown.index("--far")


def test_what_is_said_is_what_is_not_none():
    assert said(Rest(False, None), First("a")) == {"far_away": False, "name": "a", "count": 3}
    assert option_of("far_away") == "--far-away"


def test_five_options_and_no_more_come_first_in_the_help_of_each_command():
    for name, one in typer.main.get_command(app).commands.items():
        options = [param for param in one.params if param.param_type_name == "option" and param.name != "help"]
        first = [param.name for param in options if getattr(param, "rich_help_panel", None) is None]
        assert len(first) <= 5, (name, first)
        assert options[: len(first)] == [param for param in options if param.name in first]


def test_the_defaults_of_superpixels_that_the_help_shows_are_theirs():
    fit = {
        param.name: param.help for param in typer.main.get_command(app).commands["fit"].params if param.name != "help"
    }
    for name in ("size", "compactness", "iterations", "sigma", "colour"):
        default = FITTED_SIZE if name == "size" else getattr(SuperpixelParameters, name)
        assert f"default: {default}]" in fit[name]
