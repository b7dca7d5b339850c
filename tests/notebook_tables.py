"""What a notebook shows of a value, read back from its HTML."""

import base64
import io
from html.parser import HTMLParser

import imageio.v3 as imageio

VOID = ("img",)


class Table(HTMLParser):
    """The lines of all tables as texts of their cells, and the picture beside them.

    Attributes
    ----------
    lines : list of list of str
        Lines of cells without a table in them, in the order in which they end.
    rows : dict of str to str
        Of the lines with two cells the second by the first; of one whose second is a table, "".
    picture : ndarray or None
    """

    def __init__(self, text):
        super().__init__()
        self.open, self.cells, self.lines, self.rows, self.picture, self.title = [], [], [], {}, None, ""
        self.feed(text)
        assert self.open == [], f"{self.open} are not closed"

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            data = dict(attributes)["src"].removeprefix("data:image/png;base64,")
            self.picture = imageio.imread(io.BytesIO(base64.b64decode(data)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "tr":
            line = self.cells.pop()
            self.lines.append(line)
            if len(line) == 2 and line[0]:
                self.rows[line[0]] = line[1]

    def handle_data(self, text):
        if self.open[-1] == "b":
            self.title = text
        else:
            self.cells[-1][-1] += text


def shown(value):
    """Return what a notebook shows of a value."""
    return Table(value._repr_html_())
