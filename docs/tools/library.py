# SPDX-License-Identifier: Apache-2.0
"""library.py: what docs/man/pages.txt and the headers say together."""
import dataclasses
import pathlib
import re

import headers

SOURCE_DIR = pathlib.Path(__file__).resolve().parents[2]
INTERNAL = ["attributes.h"]  # what other headers are made of


@dataclasses.dataclass
class Page:
    name: str
    subject: str
    names: list


class Library:
    def __init__(self, source_dir=SOURCE_DIR):
        self.man = source_dir / "docs/man"
        self.group_of, self.header_of, self.overviews = {}, {}, {}
        for header in sorted((source_dir / "include/fasteners").glob("*.h")):
            if header.name not in INTERNAL:
                self.read(header)
        self.pages = {page.name: page for page in self.read_pages()}
        self.page_of = {name: page for page in self.pages.values() for name in page.names}
        self.headers = {path.name for path in (source_dir / "include").rglob("*.h*")
                        if path.name not in INTERNAL}
        version = (source_dir / "include/fasteners/version.h").read_text()
        self.version = ".".join(re.findall(r"VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", version))
        self.members = set(self.read_members())
        self.constants = set(re.findall(
            r"^    (FASTENERS_\w+) = \d", "\n".join(
                one.text for group in self.group_of.values() for one in group.declarations
                if one.kind == "enum"), re.MULTILINE))
        self.check()

    def read(self, header):
        for group in headers.groups_of(header.read_text()):
            if not group.declarations and not any(
                    name == header.name for name in self.header_of.values()):
                self.overviews[f"overview:{header.name}"] = group
            for declaration in group.declarations:
                self.group_of[declaration.name] = group
                self.header_of[declaration.name] = header.name

    def read_pages(self):
        page = None
        for line in (self.man / "pages.txt").read_text().split("\n"):
            if match := re.match(r"(\w+): (.*)$", line):
                page = Page(match[1], match[2], [])
                yield page
            elif line.startswith("    "):
                page.names += line.split()

    def read_members(self):
        """The names of parameters, and of members of structs."""
        for group in self.group_of.values():
            for one in group.declarations:
                if one.kind == "function":
                    yield from re.findall(r"(\w+)[,)]", one.text)
                elif one.kind == "struct":
                    yield from re.findall(r"(\w+)(?:\[\w+\])?;", headers.COMMENT.sub("", one.text))

    def check(self):
        told = [name for page in self.pages.values() for name in page.names]
        known = {**self.group_of, **self.overviews}
        wrong = [f"there is no {name}" for name in told if name not in known]
        wrong += [f"{name} is on no page" for name in known if name not in told]
        wrong += [f"{name} is on two pages" for name in set(told) if told.count(name) > 1]
        if wrong:
            raise SystemExit("docs/man/pages.txt: " + "; ".join(wrong))

    def explains(self, name):
        return name in self.page_of or name in self.constants

    def group(self, name):
        return self.overviews.get(name) or self.group_of[name]

    def declaration(self, name):
        return next(one for one in self.group_of[name].declarations if one.name == name)

    def header_of_page(self, page):
        return page.names[0].removeprefix("overview:") if ":" in page.names[0] else (
            self.header_of[page.names[0]])

    def page_of_header(self, header):
        """The page to which "see X.h" leads: the one that explains what X.h declares first."""
        names = [name for name, where in self.header_of.items() if where == header]
        return self.page_of.get(f"overview:{header}") or (self.page_of[names[0]] if names else None)
