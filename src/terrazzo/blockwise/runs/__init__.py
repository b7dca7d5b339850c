"""Runs that write to disk and go on where they stopped."""
