# SPDX-License-Identifier: Apache-2.0
"""markdown.py: the project's Markdown pages with the labels and links that Doxygen knows."""
import os
import pathlib
import re

from library import SOURCE_DIR

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
MIN_SECTIONS_FOR_CONTENTS = 4


def pages():
    """The Markdown files of the site, by their labels."""
    found = {"index": pathlib.Path("README.md")}
    for path in sorted((SOURCE_DIR / "docs").glob("*.md")):
        found[path.stem] = path.relative_to(SOURCE_DIR)
    for name in ("SECURITY", "CONTRIBUTING", "CHANGELOG"):
        found[name.lower()] = pathlib.Path(f"{name}.md")
    found["examples"] = pathlib.Path("examples/README.md")
    found["benchmarks"] = pathlib.Path("tests/bench/README.md")
    return found


LABEL_OF = {path: label for label, path in pages().items()}


def anchor_of(heading, seen):
    """As the usual renderers make it."""
    text = re.sub(r"\]\([^)]*\)", "", heading).lower()
    anchor = re.sub(r"[^a-z0-9 _-]", "", text).replace(" ", "-")
    seen[anchor] = seen.get(anchor, -1) + 1
    return anchor + (f"-{seen[anchor]}" if seen[anchor] else "")


def target_of(page, target):
    """Where a link of `page` leads on the site."""
    if re.match(r"[a-z]+:", target):
        return target
    place, _, anchor = target.partition("#")
    path = pathlib.Path(os.path.normpath(page.parent / place)) if place else page
    path = path / "README.md" if (SOURCE_DIR / path / "README.md").exists() else path
    if path in LABEL_OF:
        return f"@ref {LABEL_OF[path]}" + (f"-{anchor}" if anchor else "")
    if path.parts[0] == "include":
        return f"@ref {path.name}" if path.suffix else "@ref api"
    return f"source/{path}.html"


def title_of(target):
    """The first heading of a page, for links that name its file."""
    text = (SOURCE_DIR / pages()[target.removeprefix("@ref ")]).read_text()
    return re.search(r"^# (.*)$", text, re.MULTILINE)[1]


def linked(library, page, line):
    """A line of prose with its links, and its names of the library as links to them."""
    def link(match):
        if match[1]:
            return match[0]
        target = target_of(page, match[3])
        text = title_of(target) if match[2].endswith(".md") else match[2]
        return f"[{text}]({target})"
    line = LINK.sub(link, line)
    # For Doxygen an apostrophe ends such code, unless it stands between double marks.
    line = CODE.sub(lambda match: f"`{match[0]}`" if "'" in match[1] else match[0], line)
    if line.startswith("#"):
        return line
    return re.sub(r"(?<!\[)`(\w+)`(?!\])", lambda match: f"<code>@ref {match[1]}</code>"
                  if library.explains(match[1]) else match[0], line)


def labelled(library, page):
    text = (SOURCE_DIR / page).read_text()
    # A link may be broken in two lines.
    text = LINK.sub(lambda match: match[0].replace("\n", " "), text)
    label, seen, lines = LABEL_OF[page], {}, []
    fenced = titled = False
    contents = (label != "index" and
                len(re.findall(r"^##? ", text, re.MULTILINE)) > MIN_SECTIONS_FOR_CONTENTS)
    for line in text.split("\n"):
        if re.match(r"\s*```", line):
            fenced = not fenced
            line = re.sub(r"```(\w+)", r"```{.\1}", line)
        elif not fenced:
            if heading := re.match(r"(#+) (.*)$", line):
                anchor = anchor_of(heading[2], seen)
                title = heading[1] == "#" and not titled
                name = label if title else f"{label}-{anchor}"
                line += f" {{#{name}}}" if name != "index" else ""
                if title and contents:
                    line += "\n\n[TOC]"
                titled = True
            line = linked(library, page, line)
            if line.startswith("<!--"):
                continue
        lines.append(line)
    return "\n".join(lines)
