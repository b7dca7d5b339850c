"""Draw `tutorial.png`: run the code of the tutorial, and keep the picture that it makes."""

import os
import re
import shutil
import tempfile
from pathlib import Path

import matplotlib

HERE = Path(__file__).resolve().parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Draw the picture beside this script."""
    matplotlib.use("Agg")
    code = "\n".join(BLOCK.findall((HERE.parent / "tutorial.md").read_text()))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        exec(compile(code, "tutorial.md", "exec"), {"__name__": "tutorial"})
        os.chdir(HERE)
        shutil.copy(Path(folder) / "tutorial.png", HERE / "tutorial.png")


if __name__ == "__main__":
    main()
