"""Fit a network on region graphs."""
