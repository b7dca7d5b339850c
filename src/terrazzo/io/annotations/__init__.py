"""Annotations, opened."""
