"""Options in titled groups: a command takes frozen dataclasses, and typer sees each field as an option."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import fields, is_dataclass
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, get_args, get_type_hints

from typer.models import OptionInfo


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose parameters that are dataclasses are given as the options that their fields are.

    Parameters
    ----------
    command : callable
        A field of a group is `Annotated[…, typer.Option(…)]`. The group's `TITLE`, if it has one, is that of its panel
        in the help; groups without come first there, as do options of the command itself.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

    def called(**given: Any) -> None:
        made = {name: kind(**{own.name: given.pop(own.name) for own in fields(kind)}) for name, kind in groups.items()}
        command(**given, **made)

    flat: list[Parameter] = []
    for name, parameter in signature(command).parameters.items():
        if name in groups:
            flat.extend(_options(groups[name]))
        else:
            flat.append(parameter.replace(annotation=hints[name], kind=Parameter.KEYWORD_ONLY))
    called.__name__, called.__doc__ = command.__name__, command.__doc__
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    called.__signature__ = Signature(flat)  # type: ignore[attr-defined]
    return called


def said(*groups: Any) -> dict[str, Any]:
    """Return by name the options of some groups that were given: those that are not None."""
    return {
        own.name: value for group in groups for own in fields(group) if (value := getattr(group, own.name)) is not None
    }


def option_of(name: str) -> str:
    """Return a setting's name as the command line writes it."""
    return f"--{name.replace('_', '-')}"


def _options(group: Any) -> Iterator[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for own in fields(group):
        kind, *notes = get_args(hints[own.name])
        option = next(copy(note) for note in notes if isinstance(note, OptionInfo))
        option.rich_help_panel = getattr(group, "TITLE", None)
        default = Parameter.empty if own.default is own.default_factory else own.default
        yield Parameter(own.name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])
