"""A page as a folder of files, for any web server: without Python, and without the files that it was made from."""

from __future__ import annotations

from pathlib import Path

from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.io.output_path import check_absent, check_ending, check_output
from terrazzo.io.results.leftovers import made_whole
from terrazzo.io.results.result import Result
from terrazzo.progress import Step, shows_progress, tell
from terrazzo.viewing.client import ENTRY
from terrazzo.viewing.page import START, Page
from terrazzo.viewing.server import PREFIX

# neuroglancer's client looks for its files in a folder of this kind
INSIDE = Path(PREFIX, "page")
LEAD_ON = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>terrazzo</title>
<meta http-equiv="refresh" content="0; url={INSIDE.as_posix()}/">
<a href="{INSIDE.as_posix()}/">The page</a>
</html>
"""


@shows_progress
def write_page(image: Image, path: str | Path, result: Result | None = None, *, overwrite: bool = False) -> None:
    """Write what `view` shows as a folder that a web server can serve as it is.

    The pixels are copied, compressed, with all coarser levels. One chunk at a time is in memory.

    Parameters
    ----------
    image : Image
    path : path
        The folder.
    result : Result, optional
        A finished result that was made from this level of the image or a coarser one.
    overwrite : bool
        Replace a page that is there.

    Raises
    ------
    InputError
        If the path exists and is no page or may not be overwritten, has the ending of another format, is inside what is
        shown or cannot be written; if the result is not finished, or has the extent of no level of the image; or if
        neuroglancer is not installed.
    """
    check_ending(path, "page")
    target = Path(path).resolve()
    page = Page(image, result)
    check_output(path, image.path, *([] if result is None else [result.path]))
    check_absent(path, overwrite)
    if target.exists() and not (target / INSIDE / START).is_file():
        raise InputError(f"'{path}' exists and is no page of terrazzo, so it is not overwritten; remove it first")
    try:
        with made_whole(target, replacing=overwrite) as folder:
            _write(page, folder)
    except OSError as error:
        raise InputError(f"'{path}' cannot be written: {error.strerror or error}; choose another path") from error


def _write(page: Page, folder: Path) -> None:
    total, kept = len(page), folder / INSIDE
    kept.mkdir(parents=True)
    (folder / ENTRY).write_text(LEAD_ON)
    tell(Step("files", 0, total))
    for done, name in enumerate(page.names(), 1):
        file = kept / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(page.get(name) or b"")
        tell(Step("files", done, total))
