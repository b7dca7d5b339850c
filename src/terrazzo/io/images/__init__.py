"""Images, opened and written."""
