"""The `terrazzo` command and how it ends: 0, or 2 with one sentence for a user's mistake."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from terrazzo.cli.compare import compare
from terrazzo.cli.convert import convert
from terrazzo.cli.demo import demo
from terrazzo.cli.embed import embed
from terrazzo.cli.ensemble import ensemble
from terrazzo.cli.export import export
from terrazzo.cli.fit import fit, fit_unet
from terrazzo.cli.info import info
from terrazzo.cli.plan import plan
from terrazzo.cli.polygons import polygons
from terrazzo.cli.predict import predict
from terrazzo.cli.project import project
from terrazzo.cli.score import score
from terrazzo.cli.search import search
from terrazzo.cli.suggest import suggest
from terrazzo.cli.view import view
from terrazzo.errors import TerrazzoError
from terrazzo.version import __version__

app = typer.Typer(
    pretty_exceptions_enable=False,
    add_completion=False,
    invoke_without_command=True,
)


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    """Segment images larger than memory. --debug, anywhere, shows the traceback of an error."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


for command in (
    fit,
    embed,
    plan,
    ensemble,
    predict,
    suggest,
    score,
    view,
    compare,
    search,
    convert,
    export,
    polygons,
    info,
    demo,
    fit_unet,
):
    app.command()(command)
app.add_typer(project, name="project")

# What a command loads comes to stay: looked through as often as Python does, it takes a fifth longer to load.
OBJECTS_BETWEEN_COLLECTIONS = 10_000
# what shells say of a tool that a broken pipe has ended
NOT_READ = 141
MISTAKE = 2
INTERRUPTED = 130


def program() -> None:
    """Run the command line as a process of its own, which ends without taking apart what it has loaded."""
    code = 1

    def end_at_once() -> None:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # there is none where it was closed
            with suppress(OSError, ValueError):  # which the code tells by now
                stream.flush()
        os._exit(code)

    atexit.register(end_at_once)  # the first that is registered runs last, when threads have ended
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
        raise


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    debug = "--debug" in given
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    try:
        code = app([argument for argument in given if argument != "--debug"], standalone_mode=False) or 0
        if sys.stdout is not None:
            sys.stdout.flush()
    except TerrazzoError as error:
        if debug:
            raise
        _say(f"Error: {error}")
        sys.exit(MISTAKE)
    except BrokenPipeError:  # as by `| head -1`, which has read what it wants
        sys.exit(NOT_READ)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # which typer makes 1 of
            sys.exit(NOT_READ)
        raise
    except OSError as error:  # the system's own sentence, about a file that nothing else speaks of
        if debug:
            raise
        where = f": '{error.filename}'" if error.filename else ""
        _say(f"Error: {error.strerror or error}{where}; mend that and run it again")
        sys.exit(MISTAKE)
    except typer.TyperException as error:
        _say(f"Error: {error.format_message()} ({_help(error)} says what there is)")
        sys.exit(MISTAKE)
    if code == INTERRUPTED:  # typer has turned Ctrl-C into this
        _say(f"Interrupted: {_what_next(given)}.")
    sys.exit(code)


def _say(sentence: str) -> None:
    with suppress(OSError):  # where nobody reads it the code still tells
        typer.echo(sentence, err=True)


def _help(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    names: list[str] = []
    while context is not None and context.parent is not None:
        names.insert(0, f"{context.info_name} ")
        context = context.parent
    return f"terrazzo {''.join(names)}--help"


def _what_next(given: list[str]) -> str:
    if "export" in given and "--overwrite" not in given:  # one of two files may be there by then
        return "run the same command again with --overwrite to start anew"
    if not {"predict", "compare", "convert", "project", "search"} & set(given):
        return "run the same command again to start anew"
    without = " without --overwrite" if "--overwrite" in given else ""
    return f"run the same command again{without} to go on where it stopped"
