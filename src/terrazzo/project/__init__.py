"""A study on disk: images, what is drawn on them, graphs that stay, models and results."""
