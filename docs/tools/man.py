# SPDX-License-Identifier: Apache-2.0
"""man.py FOLDER: writes the manual pages there, below man3 and man7.

The pages of section 3 are the comments of the headers, divided by docs/man/pages.txt, and the
examples docs/man/PAGE.c. Each name on a page is a link to it. docs/man/*.7 are taken as they are.
"""
import datetime
import os
import pathlib
import re
import shutil
import sys
import textwrap

import headers
from comments import Item, List, Paragraph
from library import Library
from mdoc import Prose, escape_code, status_names


LITERAL = ("struct", "enum", "type")  # kinds of declarations that stand as in the header


def is_about_statuses(block):
    """Whether a block says what a function returns."""
    if isinstance(block, Paragraph):
        return block.text.startswith(("FASTENERS_", "Status"))
    return isinstance(block, List) and any(
        status_names(item.term) or any(map(is_about_statuses, item.blocks))
        for item in block.items)


def divided(blocks):
    """The blocks of a comment: those of the description; from the first status on, the rest."""
    at = next((n for n, block in enumerate(blocks) if is_about_statuses(block)), len(blocks))
    return blocks[:at], blocks[at:]


def date():
    """Of today, or what a packager says instead, so that a build can be repeated."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    now = (datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc) if seconds
           else datetime.datetime.now())
    return f"{now:%B} {now.day}, {now.year}"


class PageWriter:
    """Makes one page of section 3."""

    def __init__(self, library, page):
        self.library, self.page, self.see_also = library, page, set()
        self.prose = Prose(self.name_macro)
        self.put = self.prose.put
        self.groups = []
        for name in page.names:
            if library.group(name) not in self.groups:
                self.groups.append(library.group(name))

    def name_macro(self, kind, name):
        if kind == "header":
            return self.header_macro(name)
        if kind == "word":
            return f"Fa {name}" if name in self.library.members else None
        if name.startswith("FASTENERS_"):
            return f"Dv {name}"
        page = self.library.page_of.get(name)
        if page is None:
            return None
        self.refer(page.name, "3")
        return f"{'Fn' if self.library.declaration(name).kind == 'function' else 'Vt'} {name}"

    def header_macro(self, name):
        page = self.library.page_of_header(name)
        if page is None:
            return None
        self.refer(page.name, "3")
        return f"In fasteners/{name}" if page is self.page else f"Xr {page.name} 3"

    def refer(self, name, section):
        if name != self.page.name:
            self.see_also.add((section, name))

    # ------------------------------------------------------------------------ sections --

    def written(self):
        self.head()
        self.synopsis()
        self.description()
        self.return_values()
        self.examples()
        self.see_also_section()
        return "\n".join(self.prose.lines) + "\n"

    def head(self):
        names = [self.page.name, *(name for name in self.page.names
                                   if ":" not in name and name != self.page.name)]
        self.put(".\\\" Made by docs/tools/man.py from the comments of the headers.",
                 f".Dd {date()}", f".Dt {self.page.name.upper()} 3",
                 f".Os libfasteners {self.library.version}",
                 ".Sh NAME", *(f".Nm {name} ," for name in names[:-1]), f".Nm {names[-1]}",
                 f".Nd {self.page.subject}",
                 ".Sh LIBRARY", "fasteners library (libfasteners, \\-lfasteners)")

    def synopsis(self):
        self.put(".Sh SYNOPSIS", ".In fasteners.h")
        before = ""
        for name in self.page.names:
            if ":" not in name:
                declaration = self.library.declaration(name)
                if before in LITERAL and declaration.kind not in LITERAL:
                    self.put(".Pp")
                before = declaration.kind
                if before in LITERAL:
                    self.synopsis_literal(declaration)
                elif before == "macro":
                    self.synopsis_macro(declaration)
                else:
                    self.synopsis_function(declaration)

    def synopsis_function(self, declaration):
        result, name, arguments = re.match(r"(.*?)\s*(\w+)\((.*)\);$", declaration.text).groups()
        self.put(f'.Ft "{result}"', f".Fo {name}",
                 *(f'.Fa "{one.strip()}"' for one in arguments.split(",")), ".Fc")

    def synopsis_macro(self, declaration):
        name, *arguments = re.findall(r"\w+", declaration.text)
        if arguments:
            self.put(".Fn " + " ".join([name, *arguments]))
        else:
            self.put(f".Fd #define {name}")

    def synopsis_literal(self, declaration):
        text = headers.COMMENT.sub("", declaration.text)
        lines = text.split("\n")
        if declaration.kind == "type":
            lines = textwrap.wrap(" ".join(text.split()), 74, subsequent_indent="    ")
        lines = [escape_code(line.rstrip()) for line in lines if line.strip()]
        self.put(".Bd -literal", *lines, ".Ed")

    def description(self):
        self.put(".Sh DESCRIPTION")
        for group in self.groups:
            names = [name for name in self.page.names
                     if ":" not in name and self.library.group(name) is group]
            blocks = divided(group.blocks)[0] if self.returns_status(group) else group.blocks
            if len(self.groups) > 1 and not self.is_subject(group):
                self.put(".Ss " + ", ".join(names))
            self.prose.blocks(self.in_full(blocks, group))
            for declaration in group.declarations:
                if declaration.kind in ("struct", "enum") and declaration.name in names:
                    self.fields(declaration, blocks)

    def is_subject(self, group):
        """Whether the whole page is about what this group, its first one, declares."""
        return group is self.groups[0] and all(
            one.kind not in ("function", "macro") or one.name.endswith("_INIT")
            for one in group.declarations)

    def returns_status(self, group):
        return any(one.kind == "function" and one.text.startswith(("fasteners_status", "static"))
                   for one in group.declarations)

    def in_full(self, blocks, group):
        """With the constants of an enum in full, where a list explains them by their last words."""
        constants = [member.split()[0] for one in group.declarations if one.kind == "enum"
                     for field in headers.fields_of(one) for member in field.members]
        def full(term):
            return next((name for name in constants if name.endswith(f"_{term}")), term)
        return [List([Item(full(item.term), item.blocks) for item in block.items])
                if isinstance(block, List) and constants else block for block in blocks]

    def fields(self, declaration, blocks):
        told = {item.term for block in blocks if isinstance(block, List) for item in block.items}
        open_list = False
        for field in headers.fields_of(declaration):
            new = [one for one in field.members if not any(
                one.split()[0].endswith(f"_{term}") for term in told if term)]
            if not field.blocks or field.members and not new:
                continue
            if bool(new) != open_list:
                self.put(".Bl -tag -width Ds" if new else ".El")
                open_list = bool(new)
            if not new:
                self.put(".Pp")
            *others, last = new or [""]
            self.put(*(f'.It Va "{one}"' for one in others), *[f'.It Va "{last}"'] * bool(last))
            (self.prose.item if new else self.prose.blocks)(field.blocks)
        if open_list:
            self.put(".El")

    def return_values(self):
        told = [(group, divided(group.blocks)[1]) for group in self.groups
                if self.returns_status(group)]
        told = [(group, blocks) for group, blocks in told if blocks]
        all_functions = [name for name in self.page.names if ":" not in name
                         and self.library.declaration(name).kind == "function"]
        if told:
            self.put(".Sh RETURN VALUES")
        for group, blocks in told:
            functions = [one.name for one in group.declarations if one.kind == "function"]
            if functions != all_functions:
                self.put(".Ss " + ", ".join(functions))
            self.prose.blocks(blocks)

    def examples(self):
        program = self.library.man / f"{self.page.name}.c"
        if program.exists():
            lines = program.read_text().rstrip("\n").split("\n")
            first = next(n for n, line in enumerate(lines) if line.startswith("#"))
            said = " ".join(line.strip("/* ") for line in lines[1:first]).strip()
            self.put(".Sh EXAMPLES")
            self.prose.text(said)
            self.prose.literal(lines[first:])

    def see_also_section(self):
        self.refer("fasteners", "7")
        for prefix in ("ipc_lock", "ipc_rwlock", "rw_lock"):
            if self.page.name.startswith(f"fasteners_{prefix}"):
                for name in self.library.pages:
                    if re.match(rf"fasteners_{prefix}(_|$)", name):
                        self.refer(name, "3")
        for line in self.prose.lines:
            if match := re.match(r"\.Xr (?:\( )?(\w+) (\d)", line):
                self.refer(*match.groups())
        pages = sorted(self.see_also)
        self.put(".Sh SEE ALSO", *(f".Xr {name} {section} ," for section, name in pages[:-1]),
                 f".Xr {pages[-1][1]} {pages[-1][0]}")


def main(folder):
    library = Library()
    shutil.rmtree(folder, ignore_errors=True)
    for section in ("man3", "man7"):
        (folder / section).mkdir(parents=True)
    for page in library.pages.values():
        (folder / "man3" / f"{page.name}.3").write_text(PageWriter(library, page).written())
        for name in page.names:
            if ":" not in name and name != page.name:
                (folder / "man3" / f"{name}.3").symlink_to(f"{page.name}.3")
    for source in library.man.glob("*.7"):
        text = source.read_text().replace("@DATE@", date()).replace("@VERSION@", library.version)
        (folder / "man7" / source.name).write_text(text)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
