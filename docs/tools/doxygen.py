# SPDX-License-Identifier: Apache-2.0
"""doxygen.py: headers and Markdown pages as Doxygen wants them.

A header in C becomes its declarations, each with its comment. In fasteners.hpp the comments become
Doxygen's. In a Markdown page links, headings and names of the library get the labels that Doxygen
knows.
"""
import re

import comments
import headers
import markdown
from comments import Code, List, Paragraph, Table
from library import SOURCE_DIR
from mdoc import LEAD, status_names

WORD = re.compile(r"`[^`]+`|(?<!\w)\*\w+|(?<![\w/])\w+\.h\b|(?<![\w\"])(?:fasteners|FASTENERS)_\w+"
                  r"|[<>&\\@#*]|(?<=\w)::")
SPECIAL = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "::": "\\::"}


class Documentation:
    """The blocks of a comment in Doxygen's Markdown and HTML."""

    def __init__(self, library):
        self.library, self.lines = library, []

    def linked(self, match):
        word = match[0]
        if word in SPECIAL:
            return SPECIAL[word]
        if len(word) == 1:
            return "\\" + word
        if word.startswith("`"):
            return f"<code>{WORD.sub(self.linked, word[1:-1])}</code>"
        if word.startswith("*"):
            return f"<code>\\{word}</code>"
        if word.endswith(".h"):
            return f'@ref {word} "{word}"' if word in self.library.headers else word
        return f'@ref {word} "{word}"' if self.library.explains(word) else word

    def text(self, text):
        return WORD.sub(self.linked, text)

    def blocks(self, blocks, first=True):
        for block in blocks:
            if isinstance(block, Paragraph):
                lead = None if first else LEAD.match(block.text)
                text = block.text[lead.end():] if lead else block.text
                head = f"<b>{self.text(lead[1] + (lead[2] or ''))}.</b> " if lead else ""
                self.lines += [head + self.text(text), ""]
            elif isinstance(block, Code):
                self.lines += ["@code{.c}", *block.lines, "@endcode", ""]
            elif isinstance(block, Table):
                self.table(block.rows)
            elif block.items[0].term:
                self.terms(block.items)
            else:
                for item in block.items:
                    self.lines.append("- " + self.text(item.blocks[0].text))
                self.lines.append("")
            first = False

    def table(self, rows):
        rows = [[self.text(cell) for cell in row] for row in rows]
        rows[1:1] = [["---"] * len(rows[0])]
        self.lines += ["| " + " | ".join(row) + " |" for row in rows] + [""]

    def terms(self, items):
        self.lines.append("<dl>")
        for item in items:
            names, rest = status_names(item.term) or ([], "")
            term = ", ".join(f"<code>@ref {name}</code>" for name in names)
            if names and rest:
                term += f" {rest}"
            self.lines += [f"<dt>{term or self.text(item.term)}</dt><dd>"]
            self.blocks(item.blocks)
            self.lines[-1:] = ["</dd>"]
        self.lines += ["</dl>", ""]


def comment(library, blocks, *before):
    documentation = Documentation(library)
    documentation.blocks(blocks)
    return "\n".join(["/**", *before, *documentation.lines, "*/"])


def constant_word(member, explained):
    return next((word for word in explained if member.split()[0].endswith(f"_{word}")), None)


def constants_explained(blocks):
    """An enum's constants, by their last words, in a list of its comment; and the other blocks."""
    found = {}
    for block in blocks:
        if isinstance(block, List):
            found.update({item.term: item.blocks for item in block.items})
    return found, [block for block in blocks if not isinstance(block, List)]


def with_fields(library, declaration, explained):
    """A struct or an enum, with the comments of its members."""
    head, tail = declaration.text.split("{")[0], declaration.text[declaration.text.rindex("}"):]
    end = ";" if declaration.kind == "struct" else ","
    lines, intro = [head + "{"], []
    for field in headers.fields_of(declaration):
        if not field.members:
            intro = field.blocks
            continue
        for number, member in enumerate(field.members):
            first = field.members[0].split()[-1]
            blocks = intro + field.blocks if number == 0 else [Paragraph(f"See `{first}`.")]
            blocks = blocks or explained.get(constant_word(member, explained), [])
            hidden = member.split("[")[0].endswith("_")
            lines += [] if hidden else [comment(library, blocks)] * bool(blocks)
            lines += [] if hidden else [member + end]
        intro = []
    return "\n".join([*lines, tail])


def blocks_for(declaration, group):
    types = [one.name for one in group.declarations if one.kind == "struct"]
    if declaration.kind == "macro" and declaration.name.endswith("_INIT") and types:
        return [Paragraph(f"What a variable of the type {types[0]} begins with.")]
    return group.blocks


def header_in_c(library, path):
    groups = headers.groups_of(path.read_text())
    page = library.page_of_header(path.name)
    brief = f"@brief {page.subject[0].upper()}{page.subject[1:]}." if page else ""
    overview = [] if groups[0].declarations else groups[0].blocks
    # What a header is about is what its first type is about.
    first = groups[0].declarations[0] if not overview else None
    if first and first.kind in ("type", "struct") and page and first.name == page.names[0]:
        overview, groups[0].comment = groups[0].blocks, "/* See the beginning of this page. */"
    include = f"Include `<fasteners.h>`, or `<fasteners/{path.name}>` alone."
    parts = [comment(library, [Paragraph(include), *overview], "@file", brief, "")]
    for group in groups[not groups[0].declarations:]:
        for declaration in group.declarations:
            blocks, explained = blocks_for(declaration, group), {}
            if declaration.kind == "enum":
                explained, blocks = constants_explained(blocks)
            parts.append(comment(library, blocks))
            if declaration.kind in ("struct", "enum"):
                parts.append(with_fields(library, declaration, explained))
            elif declaration.kind == "macro":
                parts.append(f"#define {declaration.text}")
            else:
                parts.append(declaration.text.replace("static inline ", ""))
    return "\n".join(parts)


def umbrella(library, path):
    first = headers.groups_of(path.read_text())[0]
    return comment(library, first.blocks, "@file", "@brief Everything: includes the other headers.",
                   "")


def header_in_cpp(library, path):
    """Each comment that ends right before a declaration, at the depth of a file or a class."""
    def converted(match):
        blocks = comments.blocks_of(comments.text_of(match[2]))
        return match[1] + comment(library, blocks)
    text = path.read_text()
    overview = re.search(r"#define FASTENERS_HPP\s+(/\*.*?\*/)", text, re.DOTALL)
    blocks = comments.blocks_of(comments.text_of(overview[1]))
    head = comment(library, blocks, "@file",
                   "@brief The same locks for C++17: `std::unique_lock` and its like.", "")
    text = re.sub(r"/\* -{10,}.*?\*/", "", text[overview.end():])
    text = re.sub(r"\bFASTENERS_API\b", "", text)
    text = re.sub(r"\n/\*[^/]*\*/\ntemplate <> struct std::.*?\};", "", text, flags=re.DOTALL)
    text = text.removesuffix("#endif\n")
    return head + re.sub(r"(\n(?: {4})?)(/\*.*?\*/)(?=\n *[\w\[])", converted, text,
                         flags=re.DOTALL)


def converted(library, page):
    """What Doxygen is to read in place of a file of the project."""
    path = SOURCE_DIR / page
    if path.suffix == ".md":
        return markdown.labelled(library, page)
    if path.suffix == ".hpp":
        return header_in_cpp(library, path)
    return umbrella(library, path) if path.name == "fasteners.h" else header_in_c(library, path)
