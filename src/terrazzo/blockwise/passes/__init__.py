"""Executors of the passes that models declare: on stored images and on lazy arrays."""
