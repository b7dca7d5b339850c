"""Which axis of a file is which: an explicit answer, else the file's own, else a guess from the lengths."""

from pathlib import Path

from terrazzo.errors import InputError, ParameterError

KNOWN_AXES = "tczyx"
MOST_GUESSED_CHANNELS = 16
RGB = ("red", "green", "blue")
RGBA = (*RGB, "alpha")


def settled_axes(path: Path, shape: tuple[int, ...], *, asked: str | None, found: str | None) -> str:
    """Name each axis of a two-dimensional image, singleton t and z axes included.

    Parameters
    ----------
    path : Path
        The file, for messages.
    shape : tuple of int
        Length of each axis of the file.
    asked : str or None
        What the caller says, such as "yxc"; it wins.
    found : str or None
        What the file says; letters other than t, c, z, y, x make it no answer.

    Returns
    -------
    str
        One letter of "tczyx" per axis; y and x are always among them.

    Raises
    ------
    ParameterError
        If `asked` is not made of different letters of "tczyx" with y and x among them.
    InputError
        If the letters do not fit `shape`, the axes cannot be guessed, or z or t is longer than 1.
    """
    if asked is not None:
        axes = _asked_axes(asked)
    elif found is not None and set(found) <= set(KNOWN_AXES):
        axes = found
    else:
        axes = _guessed_axes(path, shape)
    if len(axes) != len(shape):
        raise InputError(f"'{path}' has {len(shape)} axes, of shape {shape}; axes='{axes}' names {len(axes)}.")
    _require_plane(path, axes, shape)
    return axes


def channel_names(axes: str, channels: int) -> tuple[str, ...]:
    """Names for channels that the file does not name: colours when they are the last axis, else numbers."""
    if axes.endswith("c") and channels in (3, 4):
        return RGBA[:channels]
    return tuple(str(channel) for channel in range(channels))


def _asked_axes(asked: str) -> str:
    axes = asked.lower()
    if not set("yx") <= set(axes) <= set(KNOWN_AXES) or len(set(axes)) != len(axes):
        raise ParameterError(
            f"axes='{asked}' must name each axis of the file once by a letter of 'tczyx', y and x among "
            "them, such as 'yx', 'cyx' or 'yxc'."
        )
    return axes


def _guessed_axes(path: Path, shape: tuple[int, ...]) -> str:
    colours = (3, 4)
    if len(shape) == 2:
        return "yx"
    if len(shape) == 3 and shape[-1] in colours and shape[0] not in colours:
        return "yxc"
    if len(shape) == 3 and shape[0] <= MOST_GUESSED_CHANNELS:
        return "cyx"
    raise InputError(
        f"'{path}' does not say what its {len(shape)} axes of shape {shape} are: "
        "pass axes=, such as axes='cyx' or axes='yxc'."
    )


def _require_plane(path: Path, axes: str, shape: tuple[int, ...]) -> None:
    if len(set(axes)) != len(axes) or not set("yx") <= set(axes):
        raise InputError(f"'{path}' has axes '{axes}'; an image has one y, one x and at most one c axis.")
    for axis, length in zip(axes, shape, strict=True):
        if axis in "tz" and length > 1:
            raise InputError(
                f"'{path}' is {length} long along its {axis} axis (shape {shape}, axes '{axes}'); "
                f"images are two-dimensional: save one {axis} position on its own."
            )
    if 0 in shape:
        raise InputError(f"'{path}' is empty: its shape is {shape}.")
