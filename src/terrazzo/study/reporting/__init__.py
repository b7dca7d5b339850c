"""What a search came to: figures, a page, and a line."""
