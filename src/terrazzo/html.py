"""How notebooks show values: a small table with a title, and a picture beside it where there is one."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from terrazzo.wording import MOST_LISTED

CELL = "text-align: left; padding: 1px 8px 1px 0; vertical-align: top"
NUMBER = "text-align: right; padding: 1px 8px 1px 0"
SWATCH = "display: inline-block; width: 0.8em; height: 0.8em; margin-right: 4px; border: 1px solid #8888"


class Html(str):
    """Text that is HTML already; any other is escaped."""


def table(title: str, rows: Mapping[str, object], picture: Html | None = None) -> str:
    """Return a value as a notebook shows it.

    Parameters
    ----------
    title : str
        Its type, such as "terrazzo.Image".
    rows : mapping
        What there is to say, in order; what is None is left out, and what is no `Html` is escaped.
    picture : Html, optional
        Stands to the right.
    """
    lines = "".join(
        f'<tr><th style="{CELL}">{escaped(name)}</th><td style="{CELL}">{escaped(value)}</td></tr>'
        for name, value in rows.items()
        if value is not None
    )
    beside = "" if picture is None else f'<td style="vertical-align: top; padding-left: 16px">{picture}</td>'
    return (
        f'<table><tr><td style="vertical-align: top"><b>{escaped(title)}</b><table>{lines}</table></td>{beside}</tr>'
        "</table>"
    )


def figures(head: Sequence[object], rows: Sequence[Sequence[object]]) -> Html:
    """Return a table of figures with a head; the first cell of each row says what it is about."""
    top = "".join(f'<th style="{NUMBER}">{escaped(name)}</th>' for name in head)
    lines = "".join(
        f'<tr><th style="{CELL}">{escaped(first)}</th>'
        + "".join(f'<td style="{NUMBER}">{escaped(value)}</td>' for value in others)
        + "</tr>"
        for first, *others in rows
    )
    return Html(f"<table><tr>{top}</tr>{lines}</table>")


def swatches(names: Sequence[str], colours: Sequence[str | None]) -> Html:
    """Return names of classes, each behind its colour."""
    shown = [
        f'<span style="white-space: nowrap"><span style="{SWATCH}; background: {escaped(colour or "none")}"></span>'
        f"{escaped(name)}</span>"
        for name, colour in zip(names[:MOST_LISTED], colours, strict=False)
    ]
    rest = [f"… ({len(names)} in all)"] if len(names) > MOST_LISTED else []
    return Html("&ensp; ".join(shown + rest))


def escaped(value: object) -> Html:
    """Return a value as HTML."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))
