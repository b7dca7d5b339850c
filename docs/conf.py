"""How Sphinx builds these pages: `sphinx-build -W --keep-going -b html docs docs/_build/html`."""

from importlib.metadata import version as installed_version

project = "terrazzo"
author = "the terrazzo developers"
copyright = "the terrazzo developers"
release = version = installed_version("terrazzo")

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build", "figures"]
html_theme = "furo"
html_title = f"terrazzo {version}"

# Backticks in docstrings are code.
default_role = "code"
autodoc_member_order = "bysource"
# Types stand in the docstrings; signatures stay short and show defaults as they are written.
autodoc_typehints = "none"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
myst_heading_anchors = 3
