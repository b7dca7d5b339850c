"""Fit a random forest."""
