"""Label images in which a colour stands for a class."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.palette import is_colour
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

_log = logging.getLogger(__name__)

# red, green and blue, without alpha and with it
CHANNELS = (3, 4)
# no colour of a class is that of a pixel that cannot be seen
TRANSPARENT = -1
# more than these are no classes, but a picture
MOST_COLOURS = 64
MOST_SAID = 8
EXAMPLE = "by classes={'tumour': '#ff0000', …}, --classes tumour=#ff0000,… or a CSV with columns name and colour"


@dataclass(frozen=True)
class ColourCoded(StoredArray):
    """A handle on a label image of colours as an array of classes, of uint8: 255 where a colour is none of them.

    Attributes
    ----------
    source : StoredArray
        The image as it is, of uint8: red, green and blue, with alpha or without, or the indices into a palette.
    codes : tuple of int
        What stands for a class, ascending: 0xrrggbb, or an index.
    values : tuple of int
        Of each code its class.
    """

    source: StoredArray = field(kw_only=True)
    codes: tuple[int, ...] = field(kw_only=True)
    values: tuple[int, ...] = field(kw_only=True)

    @classmethod
    def of(cls, source: StoredArray, colours: Sequence[str], palette: Sequence[int] | None = None) -> ColourCoded:
        """Return a label image by the colours of its classes, and say which other colours it has.

        A few windows at fixed positions are read for that.

        Parameters
        ----------
        source : StoredArray
            The image, of uint8 with 3 or 4 channels, or with a `palette` with one.
        colours : sequence of str
            `#rrggbb` of each class, in the order of the values.
        palette : sequence of int, optional
            0xrrggbb of each index, -1 where it is transparent.

        Raises
        ------
        ParameterError
            If a colour is none, or of two classes.
        """
        value_of = {int(colour[1:], 16): value for value, colour in enumerate(_checked(colours))}
        by_code = value_of
        if palette is not None:
            by_code = {index: value_of[code] for index, code in enumerate(palette) if code in value_of}
        same = {own.name: getattr(source, own.name) for own in fields(StoredArray)}
        same |= {"shape": (1, *source.shape[1:]), "chunks": (1, *source.chunks[1:]), "dtype": np.dtype(np.uint8)}
        codes = tuple(sorted(by_code))
        coded = cls(**same, source=source, codes=codes, values=tuple(by_code[code] for code in codes))
        _say_others(source.path, found_colours(source, palette), set(value_of))
        return coded

    def _read(self, windows: tuple[slice, ...], shape: tuple[int, ...]) -> NDArray[Any]:
        codes = _codes(self.source[(slice(None), *windows[1:])])
        known = np.array([*self.codes, np.iinfo(np.int32).max])
        place = np.searchsorted(known, codes)
        values = np.array([*self.values, NOT_ANNOTATED], np.uint8)
        return np.where(known[place] == codes, values[place], np.uint8(NOT_ANNOTATED)).reshape(shape)


def is_coloured(source: StoredArray) -> bool:
    """Whether an image can be one of colours: of 3 or 4 channels of 8 bits."""
    return source.shape[0] in CHANNELS and source.dtype == np.uint8


def unnamed_text(source: StoredArray) -> str:
    """Return what a sentence says of labels that are no numbers, and of whose colours nobody has said a class."""
    if source.shape[0] not in CHANNELS:
        return ": save one integer per pixel"
    if not is_coloured(source):
        return f", of whole numbers, or colours of 8 bits, and it holds {source.dtype}: save one integer per pixel"
    found = found_colours(source)
    if len(found) > MOST_COLOURS:
        return f", or a colour for each class, and it has {len(found)} colours: save one integer per pixel, not as JPEG"
    return f", or a colour for each class: say which class each is of {colours_text(found)}, {EXAMPLE}"


def found_colours(source: StoredArray, palette: Sequence[int] | None = None) -> Mapping[int, float]:
    """Return the share of each colour in windows at fixed positions, the most frequent first; -1 is transparent."""
    # loads the kernels, which opening other images does without
    from terrazzo.regions.superpixels.intensity_scale import scale_windows

    counts: Counter[int] = Counter()
    for box in scale_windows(source.shape[1:]):
        codes, numbers = np.unique(_codes(source[(slice(None), *box.slices)]), return_counts=True)
        for code, number in zip(codes.tolist(), numbers.tolist(), strict=True):
            beyond = palette is not None and code >= len(palette)
            counts[TRANSPARENT if beyond else code if palette is None else palette[code]] += number
    total = counts.total()
    return {code: number / total for code, number in sorted(counts.items(), key=lambda one: (-one[1], one[0]))}


def colours_text(found: Mapping[int, float]) -> str:
    """Return colours with their shares, such as "#ff0000 (61 %), #00ff00 (39 %)", the most frequent ones."""
    said = [f"{_named(code)} ({share:.3g} %)" for code, share in _percent(found)[:MOST_SAID]]
    more = len(found) - len(said)
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")


def _percent(found: Mapping[int, float]) -> list[tuple[int, float]]:
    return [(code, 100 * share) for code, share in found.items()]


def _named(code: int) -> str:
    return "transparent" if code == TRANSPARENT else f"#{code:06x}"


def _codes(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return 0xrrggbb of pixels (3 or 4, …), -1 where they are transparent; of one channel its values."""
    codes: NDArray[np.int32] = pixels[0].astype(np.int32)
    if len(pixels) == 1:
        return codes
    for plane in pixels[1:3]:
        codes = (codes << 8) | plane
    if len(pixels) > 3:
        codes[pixels[3] == 0] = TRANSPARENT
    return codes


def _checked(colours: Sequence[str]) -> list[str]:
    for colour in colours:
        if not is_colour(colour):
            raise ParameterError(f"a class has the colour '{colour}'; colours are of the form #rrggbb, such as #ff0000")
    lower = [colour.lower() for colour in colours]
    for colour in lower:
        if lower.count(colour) > 1:
            raise ParameterError(f"two classes have the colour {colour}; give each class a colour of its own")
    return lower


def _say_others(path: str, found: Mapping[int, float], known: set[int]) -> None:
    others = {code: share for code, share in found.items() if code not in known and code != TRANSPARENT}
    if others:
        _log.warning(
            "%.3g %% of the pixels of '%s' have none of the classes' colours and count as not annotated: %s",
            100 * sum(others.values()),
            path,
            colours_text(others),
        )
