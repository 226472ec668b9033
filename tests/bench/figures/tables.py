# SPDX-License-Identifier: Apache-2.0
"""Tables in Markdown, made of what was measured. Each line is a string."""
from peers import is_ours

# Heads of columns that do not hold numbers.
TEXTS = ("", "which", "ours", "the other")


def number(value):
    """With three digits that mean something, as the benchmarks print it."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    return f"{value:.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"


def table(head, rows):
    """Of a head and rows of text."""
    lines = [head, ["---" if title in TEXTS else "---:" for title in head], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


class Column:
    """A title, the value of each peer, and whether less is better; None: that is no contest."""

    def __init__(self, title, value, less=True):
        self.title, self.value, self.less = title, value, less

    def best(self, peers):
        """The peer with the best value; None if none has one."""
        values = {peer: self.value(peer) for peer in peers}
        values = {peer: value for peer, value in values.items() if value is not None}
        if not values or self.less is None:
            return None
        return (min if self.less else max)(values, key=values.get)

    def lead(self, peer, rival):
        """How many times as good the rival's value is."""
        own, other = self.value(peer), self.value(rival)
        high, low = (own, other) if self.less else (other, own)
        return high / low if low else float("inf")


def grid(peers, columns, more=None):
    """A row for each peer (key: title) that has a value; the best in each column is bold. More:
    rows below that take no part in that."""
    best = [column.best(peers) for column in columns]
    rows = []
    for peer, title in (peers | (more or {})).items():
        cells = [number(column.value(peer)) for column in columns]
        for index in range(len(cells)):
            if best[index] == peer:
                cells[index] = f"**{cells[index]}**"
        if any(cell != "-" for cell in cells):
            rows.append([title, *cells])
    return table(["", *(column.title for column in columns)], rows)


DUEL = ["", "libfasteners", "best other", "times as good", "the other"]
BY_A_TWENTIETH = 1.05


def duels(peers, ours, columns, least=0):
    """A row for each column, with the heads DUEL: ours, and the best of those that are not. Only
    where that one is at least so many times as good."""
    rows = []
    for column in columns:
        rival = column.best([peer for peer in peers if not is_ours(peer)])
        if rival is None or column.value(ours) is None or column.lead(ours, rival) < least:
            continue
        rows.append([column.title, number(column.value(ours)), number(column.value(rival)),
                     number(column.lead(ours, rival)), peers[rival]])
    return rows
