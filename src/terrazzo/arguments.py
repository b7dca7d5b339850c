"""What a function was given in place of what it takes, in one sentence that says what to do."""

from __future__ import annotations

import os

from terrazzo.errors import ParameterError

# what an argument is called, what it has to be, and what to do where it is not
AN_IMAGE = (
    "the image",
    "an Image",
    "open a file with tz.open_image; write an array with tz.write_ome_zarr, then open that",
)
A_RESULT = (
    "the result",
    "a Result",
    "open one with tz.open_result; tz.write_prediction writes one of a model and an image",
)
A_MODEL = (
    "the model",
    "a fitted model",
    "the model comes first, as in predict(model, image); open the file of one with tz.open_model",
)
A_PATH = (
    "the path",
    "the path of a file",
    "tz.predict, tz.superpixels and tz.fit take arrays as they are; where an Image is wanted, write one with "
    "tz.write_ome_zarr and open that",
)
A_RESULTS_PATH = (
    "the path",
    "the path of a result",
    "tz.write_prediction writes one there and returns it opened",
)
A_MODELS_PATH = (
    "the path",
    "the path of a model",
    "tz.write_model writes there what tz.fit returns, which is a model as it is",
)
AN_OUTPUTS_PATH = (
    "the path",
    "the path of what is to be written",
    "give the name of a file or a folder; of the functions that write only tz.write_ome_zarr takes it first",
)
MOST_LETTERS = 80


def require(given: object, kind: type | tuple[type, ...], what: str, wanted: str, instead: str) -> None:
    """Raise a ParameterError unless an argument is of a kind.

    Parameters
    ----------
    given : object
    kind : type or tuple of type
    what, wanted, instead : str
        What it is called, what it has to be and what is to be done, such as `AN_IMAGE`.
    """
    if not isinstance(given, kind):
        raise ParameterError(f"{what} is {described(given)}, and {wanted} is wanted; {instead}")


def require_array(given: object, what: str, opener: str) -> None:
    """Raise a ParameterError unless an argument may be an image or an array: a path, None, a tensor, a Delayed, …"""
    if is_array(given):
        return
    found = f"{what} is {described(given)}, and an Image or an array is wanted;"
    if isinstance(given, str | os.PathLike):
        raise ParameterError(f"{found} open it with {opener}")
    raise ParameterError(
        f"{found} open files with {opener}, and make an array of anything else, as with np.asarray, or with "
        "da.from_delayed of what is delayed"
    )


def is_array(given: object) -> bool:
    """Whether something may be taken for an array: it has a shape and a type of numpy's, or numpy knows what to do."""
    if isinstance(given, list | tuple) or hasattr(given, "__array_interface__"):
        return True
    # of what is delayed any attribute is something, as is that of a tensor
    return isinstance(getattr(given, "shape", None), tuple) and isinstance(
        getattr(getattr(given, "dtype", None), "kind", None), str
    )


def described(given: object) -> str:
    """Return what somebody gave, such as "the path 'a.tif'" or "an array of shape (40, 50)"."""
    if given is None:
        return "None"
    if isinstance(given, str | os.PathLike):
        text = os.fspath(given)
        return f"the path '{text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS] + '…'}'"
    name, shape = type(given).__name__, getattr(given, "shape", None)
    if isinstance(shape, tuple) and hasattr(given, "__array__") and is_array(given):
        return f"an array of shape {shape}"
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
