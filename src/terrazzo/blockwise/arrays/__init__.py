"""Functions that take and give lazy arrays."""
