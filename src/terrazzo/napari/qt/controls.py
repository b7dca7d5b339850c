"""What stands in the panel: lists, buttons and how far work is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

TITLES = {
    "open": "Open project…",
    "begin": "New project…",
    "class": "Add class…",
    "shapes": "Draw shapes",
    "undo": "Undo",
    "fit": "Fit",
    "anew": "Fit anew",
    "stop": "Cancel",
    "next": "Next place to draw",
    "export": "Export…",
}
EXPORTS = {
    "annotation": ("What is drawn, as GeoJSON", "geojson"),
    "classes": ("Classes, as OME-TIFF", "ome.tif"),
    "polygons": ("Classes as polygons, as GeoJSON", "geojson"),
}
"""What can be written, with the ending of its file."""

CLASSES_HEIGHT = 150


class Controls:
    """The widgets of a panel, laid out in it.

    Parameters
    ----------
    parent : QWidget
    actions : mapping of str to callable
        Of each of `TITLES` but "export" what its button does.
    export : callable
        Is called with the key of `EXPORTS` that was chosen.
    """

    def __init__(self, parent: QWidget, actions: Mapping[str, Callable[[], Any]], export: Callable[[str], Any]) -> None:
        self.images, self.classes = QComboBox(), QListWidget()
        self.classes.setMaximumHeight(CLASSES_HEIGHT)
        self.live, self.bar = QCheckBox("live"), QProgressBar()
        self.live.setToolTip("Fit after each stroke")
        self.state, self.score = QLabel(""), QLabel("")
        self.score.setWordWrap(True)
        self.bar.setMaximum(1)
        self.buttons = {name: _button(title, actions.get(name)) for name, title in TITLES.items()}
        menu = QMenu(parent)
        for what, (title, _) in EXPORTS.items():
            menu.addAction(title, partial(export, what))
        self.buttons["export"].setMenu(menu)
        self._lay_out(parent)

    def list_images(self, names: tuple[str, ...], chosen: str) -> None:
        """Show the images of a project."""
        self.images.clear()
        self.images.addItems(names)
        self.images.setCurrentText(chosen)

    def list_classes(self, classes: Mapping[str, str], chosen: int) -> None:
        """Show classes with their colours."""
        self.classes.clear()
        for name, colour in classes.items():
            square = QPixmap(16, 16)
            square.fill(QColor(colour))
            self.classes.addItem(QListWidgetItem(QIcon(square), name))
        self.classes.setCurrentRow(chosen)

    def progress(self, words: str, done: int, total: int) -> None:
        """Show how far work is; a total of 0 is one that nobody knows."""
        self.bar.setMaximum(total)
        self.bar.setValue(done)
        self.state.setText(words)

    def enable(self, allowed: Mapping[str, bool]) -> None:
        """Let buttons be pressed, or not."""
        for name, is_allowed in allowed.items():
            self.buttons[name].setEnabled(is_allowed)

    def _lay_out(self, parent: QWidget) -> None:
        button = self.buttons
        layout = QVBoxLayout(parent)
        rows: tuple[tuple[QWidget, ...], ...] = (
            (button["open"], button["begin"]),
            (self.images,),
            (self.classes,),
            (button["class"], button["shapes"], button["undo"]),
            (button["fit"], self.live, button["anew"], button["stop"]),
            (self.bar,),
            (self.state,),
            (self.score,),
            (button["next"], button["export"]),
        )
        for row in rows:
            line = QHBoxLayout()
            for one in row:
                line.addWidget(one)
            layout.addLayout(line)
        layout.addStretch()


def _button(title: str, action: Callable[[], Any] | None) -> QPushButton:
    made = QPushButton(title)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if action is not None:
        made.clicked.connect(lambda _checked=False: action())
    return made
