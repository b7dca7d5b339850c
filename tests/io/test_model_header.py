import pytest
import torch

from terrazzo.errors import ModelError
from terrazzo.io.model_file import FORMAT, check_header, seal

HEADER = {"format": FORMAT, "version": "1", "network": {"layers": 1}, "channels": 1, "edge_columns": ["a", "b"]}
TENSORS = {"a": torch.arange(6, dtype=torch.float32).reshape(2, 3), "b": torch.tensor(1.5)}


def test_the_seal_is_that_of_header_and_tensors():
    found = {
        seal(HEADER, TENSORS),
        seal(HEADER | {"channels": 2}, TENSORS),
        seal(HEADER | {"more": None}, TENSORS),
        seal(HEADER, TENSORS | {"a": TENSORS["a"].reshape(3, 2)}),
        seal(HEADER, TENSORS | {"a": TENSORS["a"].to(torch.bfloat16)}),
        seal(HEADER, {"a": TENSORS["a"]}),
    }
    assert len(found) == 6


def test_the_seal_does_not_depend_on_itself_or_on_the_order_of_entries():
    backwards = dict(reversed(HEADER.items()))
    assert seal(backwards | {"sha256": "any"}, dict(reversed(TENSORS.items()))) == seal(HEADER, TENSORS)


def test_what_is_sealed_passes_and_what_was_edited_does_not():
    sealed = HEADER | {"sha256": seal(HEADER, TENSORS)}
    check_header(sealed, TENSORS, "here")
    with pytest.raises(ModelError, match="'here' was changed after it was written"):
        check_header(sealed | {"version": "2"}, TENSORS, "here")
    with pytest.raises(ModelError, match="'here' was changed after it was written"):
        check_header(HEADER, TENSORS, "here")
