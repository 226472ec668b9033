# SPDX-License-Identifier: Apache-2.0
"""comments.py: the prose of a comment in a header, as blocks that can be set in any format.

The form is that of the headers as they are read in an editor:

  - paragraphs with an empty line between them;
  - what is indented by 4 or more is code, unless its lines are columns: two columns are a list of
    terms, three a table whose first row is the heading;
  - a term and what it means: at least two spaces between them, the meaning in a column of its own;
    or the term, at the end of its line, and the meaning indented below; or "TERM: meaning";
  - "- " begins an item of a list.
"""
import dataclasses
import re

STATUS = r"(?:FASTENERS_)?[A-Z][A-Z_]+"
STATUSES = re.compile(rf"FASTENERS_[A-Z_]+(?:, {STATUS})*,?(?: \(or .*\))?$")
COLUMNS = re.compile(r"(\S(?:.*?\S)?)( {2,})(\S.*)$")
BULLET = re.compile(r" *- ")
WORD_AND_COLON = re.compile(r"([A-Z_]{4,}): (.*)$")


@dataclasses.dataclass
class Paragraph:
    text: str


@dataclasses.dataclass
class Code:
    lines: list


@dataclasses.dataclass
class Table:
    rows: list


@dataclasses.dataclass
class Item:
    """Of a list: a term (empty: a bullet) and the blocks that belong to it."""
    term: str
    blocks: list


@dataclasses.dataclass
class List:
    items: list


def indent_of(line):
    return len(line) - len(line.lstrip())


def dedent(lines):
    least = min((indent_of(line) for line in lines if line.strip()), default=0)
    return [line[least:] for line in lines]


def joined(lines):
    return " ".join(line.strip() for line in lines)


def text_of(comment):
    """The lines of a comment, from "/*" to its end, without what makes it one."""
    inner = comment.strip().removeprefix("/*").removesuffix("*/")
    first, *lines = inner.split("\n")
    if all(re.match(r"\s*\*|\s*$", line) for line in lines):
        lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in lines]
    else:  # behind a member, in a column of its own
        lines = [line.strip() for line in lines]
    lines = [first.strip(), *lines]
    return "\n".join(lines).strip("\n").split("\n")


def columns_of(lines):
    """The rows of lines that are columns, else None. A row may go on in its last column."""
    match = COLUMNS.match(lines[0])
    if not match:
        return None
    rows, starts = [], [m.end() for m in re.finditer(r"\S {2,}(?=\S)", lines[0])]
    for line in lines:
        if indent_of(line) == starts[-1] and rows:
            rows[-1][-1] += " " + line.strip()
        elif all(line[:start].endswith("  ") and line[start:start + 1].strip()
                 for start in starts) and indent_of(line) == 0:
            bounds = [0, *starts, len(line)]
            rows.append([line[a:b].strip() for a, b in zip(bounds, bounds[1:])])
        else:
            return None
    return rows


def indented(lines):
    """Code, or tables and lists that are indented for the looks."""
    lines, blocks = dedent(lines), []
    for part in re.split(r"\n(?:\n)+", "\n".join(lines).strip("\n")):
        part = part.split("\n")
        rows = columns_of(part)
        if rows and len(rows[0]) > 2:
            blocks.append(Table(rows))
        elif rows:
            blocks.append(List([Item(term, [Paragraph(meaning)]) for term, meaning in rows]))
        elif STATUSES.match(part[0].split("  ")[0]):
            blocks += blocks_of(part)
        elif blocks and isinstance(blocks[-1], Code):
            blocks[-1].lines += ["", *part]
        else:
            blocks.append(Code(part))
    return blocks


class Reader:
    """Takes a comment's lines apart, from the first to the last."""

    def __init__(self, lines):
        self.lines, self.at, self.blocks, self.new = lines, 0, [], True

    def taken(self, goes_on):
        begin = self.at
        while self.at < len(self.lines) and goes_on(self.lines[self.at]):
            self.at += 1
        return self.lines[begin:self.at]

    def below(self, column):
        """Takes the lines that follow and are indented by `column` at least."""
        return self.taken(lambda line: indent_of(line) >= column if line
                          else self.next_indent() >= column)

    def next_indent(self):
        return next((indent_of(line) for line in self.lines[self.at:] if line), 0)

    def item(self, term, blocks):
        if self.blocks and isinstance(self.blocks[-1], List):
            self.blocks[-1].items.append(Item(term, blocks))
        else:
            self.blocks.append(List([Item(term, blocks)]))
        self.new = True

    def paragraph(self, line):
        last = self.blocks[-1] if self.blocks else None
        if self.new or not isinstance(last, Paragraph):
            self.blocks.append(Paragraph(line.strip()))
        else:
            last.text += " " + line.strip()
        self.new = False

    def read(self):
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if not line:
                self.new = True
            elif indent_of(line) >= 4 and self.new:
                self.at -= 1
                self.blocks += indented(self.below(4))
            else:
                self.read_line(line)
        return self.blocks

    def read_line(self, line):
        deeper = self.at < len(self.lines) and indent_of(self.lines[self.at]) - indent_of(line) >= 2
        columns = COLUMNS.match(line.strip())
        bullet = BULLET.match(line)
        if bullet:
            column = bullet.end()
            rest = self.taken(lambda line: indent_of(line) >= column)
            self.item("", [Paragraph(joined([line[column:], *rest]))])
        elif columns and "`" not in columns[1]:
            self.item(columns[1], [Paragraph(joined([columns[3], *self.below(3)]))])
        elif STATUSES.match(line) and (deeper or line.endswith(",")):
            while line.endswith(","):
                line += " " + self.lines[self.at].strip()
                self.at += 1
            self.item(line, blocks_of(dedent(self.below(2))))
        elif term := WORD_AND_COLON.match(line):
            rest = self.taken(lambda line: line and not WORD_AND_COLON.match(line))
            self.item(term[1], [Paragraph(joined([term[2], *rest]))])
        elif self.new and deeper and ":" in line and not BULLET.match(self.lines[self.at]):
            term, _, text = line.partition(": ")
            self.item(term.rstrip(":"), blocks_of([*[text] * bool(text), *dedent(self.below(2))]))
        else:
            self.paragraph(line)


def blocks_of(lines):
    if lines and 0 < indent_of(lines[0]) < 4:
        lines = dedent(lines)
    return Reader(lines).read()
