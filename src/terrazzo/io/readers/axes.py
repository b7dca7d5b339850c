"""Which axis of a file is which: an explicit answer, else the file's own, else a guess from the lengths."""

from terrazzo.errors import InputError, ParameterError

KNOWN_AXES = "tczyx"
# what an opened image has, by its number of axes
IMAGE_AXES = {3: "cyx", 4: "czyx"}
MOST_GUESSED_CHANNELS = 16
COMMAND_LINE = "on the command line --axes zyx, or --annotation-axes or --prediction-axes where there is one"
RGB = ("red", "green", "blue")
RGBA = (*RGB, "alpha")


def settled_axes(path: str, shape: tuple[int, ...], *, asked: str | None, found: str | None) -> str:
    """Name each axis of an image or a volume, singleton t and z axes included.

    Parameters
    ----------
    path : str
        The file, for messages.
    shape : tuple of int
        Length of each axis of the file.
    asked : str or None
        What the caller says, such as "yxc"; it wins.
    found : str or None
        What the file says, None where it says nothing; other letters than t, c, z, y, x leave a question.

    Returns
    -------
    str
        One letter of "tczyx" per axis; y and x are always among them.

    Raises
    ------
    ParameterError
        If `asked` is not made of different letters of "tczyx" with y and x among them.
    InputError
        If the letters do not fit `shape`, there are fewer than two axes or more than five, or the axes cannot be
        guessed.
    """
    _require_dimensions(path, shape)
    if asked is not None:
        axes = _asked_axes(asked)
    elif found is not None and set(found) <= set(KNOWN_AXES):
        axes = found
    else:
        axes = _guessed_axes(path, shape, plain=found is None)
    if len(axes) != len(shape):
        raise InputError(f"'{path}' has {len(shape)} axes, of shape {shape}; axes='{axes}' names {len(axes)}.")
    _require_image(path, axes, shape)
    return axes


def in_image_order(axes: str, shape: tuple[int, ...], lengths: tuple[int, ...]) -> tuple[int, ...]:
    """Put what there is one of per axis of a file into the order of an opened image.

    Parameters
    ----------
    axes : str
        The axes of the file.
    shape : tuple of int
        Their lengths; the image is a volume where z is longer than 1.
    lengths : tuple of int
        What is reordered, `shape` itself or the lengths of chunks.

    Returns
    -------
    tuple of int
        Along (c, z, y, x) of a volume, else along (c, y, x); 1 along c where the file has no such axis.
    """
    depth = dict(zip(axes, shape, strict=True)).get("z", 1)
    by_axis = dict(zip(axes, lengths, strict=True))
    return tuple(by_axis.get(axis, 1) for axis in IMAGE_AXES[4 if depth > 1 else 3])


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
            "them, such as 'yx', 'cyx', 'yxc' or 'zyx'."
        )
    return axes


def _require_dimensions(path: str, shape: tuple[int, ...]) -> None:
    if not 2 <= len(shape) <= len(KNOWN_AXES):
        raise InputError(
            f"'{path}' has {len(shape)} {'axis' if len(shape) == 1 else 'axes'}, of shape {shape}; an image has y and "
            "x, and at most one each of t, c and z: save it with these."
        )


def _guessed_axes(path: str, shape: tuple[int, ...], *, plain: bool) -> str:
    colours = (3, 4)
    if len(shape) == 2:
        return "yx"
    # A file that has axes of unknown meaning, such as the pages of a TIFF, may mean sections or channels.
    if plain and len(shape) == 3 and shape[-1] in colours and shape[0] not in colours:
        return "yxc"
    if plain and len(shape) == 3 and shape[0] <= MOST_GUESSED_CHANNELS:
        return "cyx"
    raise InputError(
        f"'{path}' does not say what its {len(shape)} axes of shape {shape} are: "
        "pass axes=, such as axes='zyx' for a volume, or axes='cyx' or axes='yxc' for channels "
        f"({COMMAND_LINE})."
    )


def _require_image(path: str, axes: str, shape: tuple[int, ...]) -> None:
    if len(set(axes)) != len(axes) or not set("yx") <= set(axes):
        raise InputError(f"'{path}' has axes '{axes}'; an image has one y, one x and at most one c axis.")
    if 0 in shape:
        raise InputError(f"'{path}' is empty: its shape is {shape}.")
