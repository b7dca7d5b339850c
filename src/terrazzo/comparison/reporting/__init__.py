"""The report of a comparison: figures as JSON, pictures, and a page."""
