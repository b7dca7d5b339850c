"""A block's superpixels."""
