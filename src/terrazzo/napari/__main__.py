"""`python -m terrazzo.napari [PROJECT or RESULT]`: napari with the panel, or one sentence about what is missing."""

from __future__ import annotations

import sys

from terrazzo.errors import TerrazzoError
from terrazzo.napari.ready import check_ready


def main(paths: list[str]) -> int:
    """Open napari with the panel and what the paths name; return the exit status."""
    try:
        check_ready()
    except TerrazzoError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    from terrazzo.napari.qt.window import open_window

    open_window(paths)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
