#!/bin/sh
# Tests the plugin in the real napari: a display in memory, OpenGL in software, an environment of its own.
# NAPARI_PYTHON names a Python that has napari, Qt and terrazzo already.
set -eu
cd "$(dirname "$0")/../.."
python=${NAPARI_PYTHON:-.venv-napari/bin/python}
if [ ! -x "$python" ]; then
    "${PYTHON:-python3.11}" -m venv .venv-napari
    .venv-napari/bin/pip install --quiet --constraint constraints.txt --editable '.[test,napari]'
fi
if ! command -v xvfb-run > /dev/null; then
    if ! command -v apt-get > /dev/null || [ "$(id -u)" != 0 ]; then
        echo "skipped: the tests in napari need a display in memory; as root: apt-get install xvfb xauth libgl1-mesa-dri" >&2
        exit 0
    fi
    apt-get install --yes --quiet xvfb xauth libgl1 libgl1-mesa-dri libegl1 libdbus-1-3 libxkbcommon-x11-0 \
        libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-image0 libxcb-render-util0 libxcb-xkb1
fi
exec env OMP_NUM_THREADS=1 xvfb-run -a -s "-screen 0 1600x1000x24" "$python" -m pytest --disable-warnings tests/napari_plugin "$@"
