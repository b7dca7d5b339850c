"""Values that say how work is done: a setting of a wrong name is answered with the right one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from terrazzo.errors import ParameterError

P = ParamSpec("P")
R = TypeVar("R")


class Settings:
    """What frozen dataclasses of settings have in common: a name that is no field is a sentence."""

    if not TYPE_CHECKING:  # to an editor and to mypy the constructor is the dataclass's own

        def __new__(cls, *_: Any, **named: Any) -> Any:
            """Return a value whose fields are not set yet."""
            check_names(named, cls)
            return super().__new__(cls)


def names_of(*kinds: type) -> list[str]:
    """Return the names of all fields of some kinds of settings, each once."""
    return list(dict.fromkeys(field.name for kind in kinds for field in fields(kind)))


def check_names(given: Iterable[str], *kinds: type) -> None:
    """Raise a ParameterError with the right name if one is no field of these kinds of settings."""
    known = names_of(*kinds)
    for name in given:
        if name not in known:
            owners = " and ".join(kind.__name__ for kind in kinds)
            raise ParameterError(
                f"there is no setting '{name}'{_perhaps(name, known)}; those of {owners} are {', '.join(known)}"
            )


def spread(flat: Mapping[str, Any], *kinds: type) -> tuple[Any, ...]:
    """Return a value of each kind, with those settings that are its fields.

    Parameters
    ----------
    flat : mapping
        Settings by name, as JSON or a command line has them.
    *kinds : type
        Frozen dataclasses; what several have a field for, each gets.

    Raises
    ------
    ParameterError
        If a name is no field of any, or a value is out of range.
    """
    check_names(flat, *kinds)
    return tuple(kind(**{name: flat[name] for name in names_of(kind) if name in flat}) for kind in kinds)


def answers(**kinds: type) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function answer a setting that is given to it directly with the parameter that holds it.

    Parameters
    ----------
    **kinds : type
        For each parameter of the function that takes settings its dataclass.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        parameters = list(signature(function).parameters)

        @wraps(function)
        def called(*given: P.args, **named: P.kwargs) -> R:
            for name in named:
                if name not in parameters:
                    raise ParameterError(_where(function.__name__, name, parameters, kinds))
            return function(*given, **named)

        return called

    return decorated


def _where(function: str, name: str, parameters: list[str], kinds: Mapping[str, type]) -> str:
    for parameter, kind in kinds.items():
        if name in names_of(kind):
            return f"{function} has no parameter '{name}'; write {parameter}={kind.__name__}({name}=…)"
    near = _perhaps(name, [*parameters, *names_of(*kinds.values())])
    holders = ", ".join(f"{parameter}={kind.__name__}(…)" for parameter, kind in kinds.items())
    return f"{function} has no parameter '{name}'{near}; it has {', '.join(parameters)}, and settings in {holders}"


def _perhaps(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f" (perhaps '{near[0]}' is meant)" if near else ""
