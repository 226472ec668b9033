# SPDX-License-Identifier: Apache-2.0
"""mdoc.py: the prose of the headers in the language of manual pages, mdoc(7)."""
import re

from comments import Code, Paragraph, Table

WORD = re.compile(r"""
    `(?P<code>[^`]+)`
  | (?P<manual>[a-z_]\w*)\((?P<section>[2378])\)
  | (?P<header>\w+\.h)\b
  | (?P<name>(?:fasteners_|FASTENERS_)\w+)
  | (?P<null>NULL)\b
  | (?P<word>[a-z]+_\w+)
""", re.VERBOSE)
# "Owner. A hold belongs ...": what a paragraph is about.
LEAD = re.compile(r"([A-Z][a-z]+(?: [a-z]+){0,3})( \([^)]*\))?\. (?=[A-Z0-9])")
SENTENCE_END = re.compile(r"""(?:(?<=[A-Za-z\d)"][.?!])|(?<=[.?!][)"])) (?=["A-Z(])""")


def escape(text):
    """A line of text: nothing in it is a request."""
    text = text.replace("\\", "\\e")
    return "\\&" + text if text[:1] in (".", "'") else text


def escape_code(line):
    """A line of code, that can be copied: not a typographic hyphen or quote in it."""
    for character, name in (("\\", "e"), ("-", "-"), ("'", "(aq"), ("`", "(ga"), ("^", "(ha"),
                            ("~", "(ti")):
        line = line.replace(character, f"\\{name}")
    return "\\&" + line if line[:1] == "." else line


def status_names(term):
    """Of "FASTENERS_A, B (or others)": the names in full, and the rest; None: it is no such."""
    match = re.match(r"(FASTENERS_[A-Z_]+(?:, [A-Z_]+)*)(?: (\(.*\)))?$", term)
    if not match:
        return None
    return ["FASTENERS_" + name.removeprefix("FASTENERS_")
            for name in match[1].split(", ")], match[2] or ""


class Prose:
    """Lines of mdoc, to which blocks of comments.py are added."""

    def __init__(self, name_macro):
        """name_macro(kind, name): the macro of a "name", a "header" or another "word" with a _."""
        self.lines, self.name_macro, self.depth = [], name_macro, 0

    def put(self, *lines):
        self.lines += lines

    def macro(self, match):
        """The macro of a word that means something; None if it is a word as any other."""
        if match["code"]:
            simple = re.fullmatch(r"\w+", match["code"])
            return f"Fa {match['code']}" if simple else f'Ql "{escape_code(match["code"])}"'
        if match["manual"]:
            return f"Xr {match['manual']} {match['section']}"
        if match["null"]:
            return "Dv NULL"
        kind = match.lastgroup
        return self.name_macro(kind, match[kind])

    def text(self, text):
        """Sets text, each sentence and each word that means something on a line of its own."""
        at = 0
        for match in WORD.finditer(text):
            before, behind = text[at:match.start()], text[match.end():]
            marks = re.match(r"[.,:;)?!]*(?=\s|$)", behind)
            opening = before.endswith("(")
            # What is glued to letters, or to other marks, is set as it stands.
            if marks is None or not re.search(r"(^|\s|[\s(]\()$", before) and not (
                    before == "(" and at == 0):
                continue
            if (macro := self.macro(match)) is None:
                continue
            self.sentences(before[:-1] if opening else before)
            name, _, rest = macro.partition(" ")
            self.put(" ".join([f".{name}", *"(" * opening, rest, *marks[0]]))
            at = match.end() + marks.end()
        self.sentences(text[at:])

    def sentences(self, text):
        for part in SENTENCE_END.split(text.replace("`", "").strip()):
            if part:
                self.put(escape(part))

    def paragraph(self, text, may_lead):
        if may_lead and (lead := LEAD.match(text)):
            self.put(f".Sy {lead[1]}" + ("" if lead[2] else " ."))
            text = (lead[2].strip() + ". " if lead[2] else "") + text[lead.end():]
        self.text(text)

    def blocks(self, blocks, after_text=False):
        for block in blocks:
            if isinstance(block, Paragraph):
                if after_text:
                    self.put(".Pp")
                self.paragraph(block.text, after_text)
            elif isinstance(block, Code):
                self.literal(block.lines)
            elif isinstance(block, Table):
                self.table(block.rows)
            else:
                self.list(block.items)
            after_text = True

    def literal(self, lines):
        offset = "" if self.depth else " -offset indent"
        self.put(f".Bd -literal{offset}", *map(escape_code, lines), ".Ed")

    def table(self, rows):
        self.put(".Bl -tag -width Ds")
        for term, *cells in rows[1:]:
            self.put(f".It Dv {term}" if term.isupper() else f".It {term}")
            self.text("; ".join(f"{head} {cell}" for head, cell in zip(rows[0][1:], cells)) + ".")
        self.put(".El")

    def list(self, items):
        self.put(".Bl -tag -width Ds" if items[0].term else ".Bl -bullet")
        for item in items:
            self.put(f".It {self.term(item.term)}".rstrip())
            self.item(item.blocks)
        self.put(".El")

    def item(self, blocks):
        self.depth += 1
        self.blocks(blocks)
        self.depth -= 1

    def term(self, term):
        names, rest = status_names(term) or ([], "")
        if not names:
            return escape(term.replace("`", ""))
        return " , ".join(f"Dv {name}" for name in names) + (f' No "{rest}"' if rest else "")
