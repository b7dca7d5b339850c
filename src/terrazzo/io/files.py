"""Which images a path or pattern means, and which annotation belongs to which image."""

import glob
import os
from collections.abc import Callable, Iterable, Sequence, Set
from pathlib import Path
from typing import TypeAlias

from terrazzo.errors import InputError
from terrazzo.io.annotations.json_shapes import images_in
from terrazzo.io.output_path import check_ending
from terrazzo.io.readers.formats import is_drawn, is_image_path
from terrazzo.io.readers.location import inside_file, is_pattern, is_url, stem_of
from terrazzo.io.readers.zarr_reader import is_store
from terrazzo.wording import counted

# A URL or a pattern is no Path.
Source: TypeAlias = Path | str


def find_images(
    pattern: str | os.PathLike[str], *, stack: bool = False, is_wanted: Callable[[Path], bool] = is_image_path
) -> list[Source]:
    """List the images that a path or a glob pattern means, without opening them.

    Parameters
    ----------
    pattern : str or path
        A file, a dataset inside an HDF5 file, a Zarr store or a URL of one, which stands for itself; a folder, which
        stands for the images and stores in it; or a pattern with `*`, `?`, `[...]` or `**`.
    stack : bool
        Whether a pattern stands for one image, the stack of all that it matches.
    is_wanted : callable
        Whether a path in a folder or of a pattern is one.

    Returns
    -------
    list of Path, or of str for a URL or a stack
        Sorted by name; hidden files are left out.

    Raises
    ------
    InputError
        If nothing is there or matches.
    """
    if is_url(pattern) or (stack and is_pattern(pattern)):
        return [os.fspath(pattern)]
    path = Path(pattern).expanduser()
    if path.is_file() or is_store(path) or inside_file(path) is not None:
        return [path]
    if path.is_dir():
        return _images_among(path.iterdir(), is_wanted, f"The folder '{pattern}' holds no images")
    if not glob.has_magic(str(path)):
        raise InputError(f"There is no file, folder or store at '{pattern}'.")
    # Path.glob refuses absolute patterns.
    matches = map(Path, glob.glob(str(path), recursive=True))  # noqa: PTH207
    brackets = "" if "[" not in str(path) else ", where [...] stands for one of the signs inside and [[] for ["
    return _images_among(matches, is_wanted, f"No image matches '{pattern}'{brackets}")


def find_annotations(pattern: str | os.PathLike[str], *, stack: bool = False) -> list[Source]:
    """List the annotations that a path or a glob pattern means: as `find_images`, with files of shapes among them.

    An image beside shapes of the same name is what these are drawn on, as LabelMe keeps them, and is left out.
    """
    found = find_images(pattern, stack=stack, is_wanted=lambda path: is_image_path(path) or is_drawn(path))
    drawn = {stem_of(path) for path in found if is_drawn(path)}
    return [path for path in found if is_drawn(path) or stem_of(path) not in drawn]


def name_results(pattern: str | os.PathLike[str], output: Path, *, stack: bool = False) -> list[tuple[Source, Path]]:
    """Pair each image that a path or a glob pattern means with the path of its result.

    Parameters
    ----------
    pattern, stack
        As for `find_images`.
    output : Path
        Of one file, store or stack, the result itself; of a folder or a pattern, the folder of the results, each of
        which is named as its image and ends in ".zarr".

    Returns
    -------
    list of tuple
        (image, result).

    Raises
    ------
    InputError
        If nothing is there or matches, two images have the same name, or the output is the images' own folder or its
        ending names a format.
    """
    images = find_images(pattern, stack=stack)
    if len(images) == 1 and images[0] in (os.fspath(pattern), Path(pattern).expanduser()):
        return [(images[0], output)]
    check_ending(output, "results")
    if output.resolve() in {Path(image).parent.resolve() for image in images}:
        raise InputError(f"the output '{output}' is the folder of the images; choose another folder for the results")
    stems = _by_stem(images, "images")
    return [(image, output / f"{stem}.zarr") for stem, image in stems.items()]


def find_results(path: Path, marker: str) -> list[Path]:
    """List the results at a path: itself, or those in the folder; a result is a directory that holds `marker`.

    Raises
    ------
    InputError
        If there is none.
    """
    inside = (file.parent for file in path.glob(f"*/{marker}"))
    found = [path] if (path / marker).is_file() else sorted(one for one in inside if not one.name.startswith("."))
    if not found:
        raise InputError(f"'{path}' is no result of terrazzo and holds none; make one with terrazzo predict")
    return found


def find_predictions(pattern: str | os.PathLike[str], marker: str) -> tuple[list[Source], bool]:
    """List the results at a path, or if there are none the label images that it means; and whether they are results.

    Raises
    ------
    InputError
        If there is neither.
    """
    path = Path(pattern).expanduser()
    results = (path / marker).is_file() or any(path.glob(f"*/{marker}"))
    empty = path.is_dir() and not is_store(path) and not any(map(is_image_path, path.iterdir()))
    return ([*find_results(path, marker)], True) if results or empty else (find_images(pattern), False)


def pair_by_stem(
    images: Sequence[Source], partners: Sequence[Source], what: str = "annotation"
) -> list[tuple[Source, Source]]:
    """Pair each image with its partner, the file of the same name, suffixes such as ".ome.zarr" apart.

    One image and one partner are a pair whatever their names. One partner that is about many images (a COCO file) is
    that of each image.

    Parameters
    ----------
    images, partners : sequence of Path or str
        The files, or URLs.
    what : str
        What a partner is called in messages.

    Returns
    -------
    list of tuple
        (image, partner) in the order of `images`.

    Raises
    ------
    InputError
        If a name is on one side only, or twice on one side.
    """
    if len(images) == len(partners) == 1:
        return [(images[0], partners[0])]
    if len(partners) == 1 and is_drawn(partners[0]) and images_in(Path(partners[0])) is not None:
        return [(image, partners[0]) for image in images]
    by_stem = _by_stem(partners, f"{what}s")
    stems = _by_stem(images, "images")
    without = "image", f"without {'an' if what[0] in 'aeiou' else 'a'} {what}"
    _require_same(stems.keys() - by_stem.keys(), without, f"{what}s", by_stem.keys() - stems.keys())
    _require_same(by_stem.keys() - stems.keys(), (what, "without an image"))
    return [(image, by_stem[stem]) for stem, image in stems.items()]


def _images_among(paths: Iterable[Path], is_wanted: Callable[[Path], bool], otherwise: str) -> list[Source]:
    found = [path for path in paths if is_wanted(path) and not _is_hidden_or_inside_store(path)]
    if not found:
        raise InputError(f"{otherwise}; images are Zarr stores, TIFF, HDF5, PNG, JPEG and NPY files")
    return [*sorted(found)]


def _is_hidden_or_inside_store(path: Path) -> bool:
    return path.name.startswith(".") or any(is_store(parent) for parent in path.parents)


def _by_stem(paths: Sequence[Source], what: str) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for path in paths:
        other = found.setdefault(stem_of(path), path)
        if other is not path:
            raise InputError(f"Two {what} have the same name, '{other}' and '{path}'; keep one.")
    return found


def _require_same(unpaired: set[str], what: tuple[str, str], others: str = "", left: Set[str] = frozenset()) -> None:
    if unpaired:
        rest = f" ({others} are called {_some(left)})" if left else ""
        number = f"{'is' if len(unpaired) == 1 else 'are'} {counted(len(unpaired), what[0])}"
        raise InputError(f"There {number} {what[1]} of the same name: {_some(unpaired)}{rest}; give each its pair.")


def _some(names: Set[str]) -> str:
    return ", ".join(f"'{stem}'" for stem in sorted(names)[:3]) + (", ..." if len(names) > 3 else "")
