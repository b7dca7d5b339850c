"""Kernels that make superpixels and number them."""
