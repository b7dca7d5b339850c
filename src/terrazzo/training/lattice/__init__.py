"""Fit a lattice network."""
