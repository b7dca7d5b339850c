"""Every reader by the kind of what it reads: single files and stores, and stacks of them."""

from terrazzo.io.readers import stack_reader
from terrazzo.io.readers.formats import FILE_READERS, Reader

READERS: dict[str, Reader] = {**FILE_READERS, "stack": stack_reader}
