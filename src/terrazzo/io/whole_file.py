"""Files that are there whole or not at all, whoever reads, and however many write them."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in place of what is there: who reads meanwhile, or after a power cut, sees one of the two, whole.

    Several may write one path at once; the last that ends stays.

    Parameters
    ----------
    path : Path
        In a folder that is there.
    content : bytes
    """
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            # or the name may reach the disk before the bytes
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
