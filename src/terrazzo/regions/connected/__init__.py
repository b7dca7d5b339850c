"""Connected regions of the classes: found in blocks, joined across seams, measured."""
