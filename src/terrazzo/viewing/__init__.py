"""A page in the browser: an image and its result as layers that neuroglancer's client shows, read as it asks."""
