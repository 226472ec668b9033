# SPDX-License-Identifier: Apache-2.0
"""site.py FOLDER: makes the site there, with Doxygen, and checks it.

Warnings of Doxygen are errors, and so are links that lead nowhere. What the pages link to besides
(tests, examples) becomes a page below source/. Exit status 1 if something is wrong, 77 if there
is no Doxygen.
"""
import html
import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse

import doxygen
import markdown
from library import SOURCE_DIR, Library

EXIT_SKIPPED = 77
NAVIGATION = [("installing", "Installing"), ("guide", "Guide"), ("api", "API"),
              ("from-python", "From Python"), ("platforms", "Platforms"),
              ("semantics", "Semantics"), ("performance", "Performance"),
              ("troubleshooting", "Troubleshooting"), ("design", "Design")]
UNUSED = ["doxygen.css", "tabs.css", "jquery.js", "dynsections.js", "menu.js", "menudata.js",
          "nav_*.png", "tab_*.png", "sync_*.png", "bc_s.png", "bdwn.png", "closed.png", "open.png",
          "doc.*", "folder*.*", "splitbar*.png", "doxygen.svg"]
# Of Markdown, and of Doxygen's commands, that no renderer has understood.
LEFTOVER = re.compile(r"[@\\]ref\b|\{#[\w-]+\}|`|&lt;!--|\]\([\w./#-]+\)|\[TOC\]")
# Of a table, where code has no end: it stands within what Doxygen takes for code then.
TORN_TABLE = re.compile(r"\\ilinebr")


def navigation():
    known = {*markdown.pages(), "api"}
    return "".join(f'<a href="$relpath^{page}.html">{title}</a>\n'
                   for page, title in NAVIGATION if page in known)


def capitalised(text):
    return text[0].upper() + text[1:]


def api_page(library):
    """All names of the library by headers, as docs/man/pages.txt divides them."""
    pages = {}
    for page in library.pages.values():
        pages.setdefault(library.header_of_page(page), []).append(page)
    lines = ["# API {#api}", "", "[TOC]", ""]
    for header, its_pages in pages.items():
        subject = capitalised(library.page_of_header(header).subject)
        lines += [f"# {subject} {{#api-{header.removesuffix('.h')}}}", ""]
        lines.append("<dl>")
        for page in its_pages:
            names = ", ".join(f"@ref {name}" for name in page.names if ":" not in name)
            term = f"@ref {header}" if page is its_pages[0] else capitalised(page.subject)
            lines.append(f"<dt>{term}</dt><dd>{names}</dd>")
        lines += ["</dl>", ""]
    return "\n".join([*lines, "# The same locks as types of C++17 {#api-cpp}", "", "<dl>",
                      "<dt>@ref fasteners.hpp</dt><dd>@ref fasteners::ipc_lock,"
                      " @ref fasteners::ipc_rwlock, @ref fasteners::rw_lock,"
                      " @ref fasteners::error</dd></dl>", ""])


def write_inputs(library, folder):
    """Writes what Doxygen is to read; returns the files."""
    files = [*markdown.pages().values(), *sorted(
        path.relative_to(SOURCE_DIR) for path in (SOURCE_DIR / "include").rglob("*.h*")
        if path.name in library.headers)]
    texts = {file: doxygen.converted(library, file) for file in files}
    texts[pathlib.Path("api.md")] = api_page(library)
    for file, text in texts.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    return [folder / file for file in texts]


def run_doxygen(folder, library):
    inputs = write_inputs(library, folder / "input")
    header = folder / "input/header.html"
    header.write_text((SOURCE_DIR / "docs/site/header.html").read_text().replace(
        "@NAVIGATION@", navigation()))
    images = {path.parent.relative_to(SOURCE_DIR) for pattern in ("svg", "png")
              for path in (SOURCE_DIR / "docs").rglob(f"*.{pattern}")}
    settings = [f'OUTPUT_DIRECTORY = "{folder}"', f'HTML_HEADER = "{header}"',
                f'USE_MDFILE_AS_MAINPAGE = "{folder / "input/README.md"}"',
                f"PROJECT_NUMBER = {library.version}",
                "IMAGE_PATH = " + " ".join(f'"{path}"' for path in sorted(images)),
                "INPUT = " + " ".join(f'"{path}"' for path in inputs)]
    text = (SOURCE_DIR / "docs/site/Doxyfile").read_text() + "\n".join(settings)
    done = subprocess.run(["doxygen", "-"], cwd=SOURCE_DIR, input=text, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    shutil.rmtree(folder / "input")
    for pattern in UNUSED:
        for path in folder.glob(pattern):
            path.unlink()
    return [f"doxygen: {line}" for line in done.stdout.split("\n")
            if "warning:" in line or "error:" in line] + [
                f"doxygen: status {done.returncode}\n{done.stdout}"] * (done.returncode != 0)


class Document(html.parser.HTMLParser):
    """The links of a page, and what one can link to."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or tag == "a" and name == "name":
                self.anchors.add(value)
            elif name in ("href", "src", "data") and value is not None:
                self.links.append(value)


def local_links(folder):
    """Page, link, the file it leads to, and the anchor there, of each link within the site."""
    for path in sorted(folder.rglob("*.html")):
        for link in Document(path).links:
            parts = urllib.parse.urlsplit(link)
            if not parts.scheme and not parts.netloc:
                place = urllib.parse.unquote(parts.path)
                target = path.parent / place if place else path
                yield path, link, pathlib.Path(os.path.normpath(target)), parts.fragment


def source_page(folder, target):
    """Makes the page of a file of the project, or of a folder."""
    relative = target.relative_to(folder / "source").with_suffix("")
    source = SOURCE_DIR / relative
    if source.is_dir():
        names = sorted(path.name for path in source.iterdir()
                       if path.is_file() and not path.name.startswith("."))
        body = "<ul>" + "".join(f'<li><a href="{source.name}/{name}.html">{name}</a></li>'
                                for name in names) + "</ul>"
    elif source.is_file():
        body = f'<pre class="fragment">{html.escape(source.read_text())}</pre>'
    else:
        return False
    up = "../" * len(target.relative_to(folder).parent.parts)
    head = (SOURCE_DIR / "docs/site/header.html").read_text().replace("@NAVIGATION@", navigation())
    foot = (SOURCE_DIR / "docs/site/footer.html").read_text()
    page = (f'{head}</div><div class="header"><div class="title">{relative}</div></div>'
            f'<div class="contents">{body}</div>{foot}')
    for name, value in (("relpath^", up), ("title", str(relative)), ("projectname", "libfasteners"),
                        ("projectnumber", Library().version)):
        page = page.replace(f"${name}", value)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page)
    return True


def tidy(folder):
    """Doxygen sets drawings as objects, which are cut off where there is no room for them; and
    says in which folder a header lies, here the one that it was to read."""
    folders = re.compile(r'<div id="nav-path".*?</div>', re.DOTALL)
    drawing = re.compile(r'<object type="image/svg\+xml" data="([^"]+)"[^>]*>.*?</object>'
                         r'(\s*<div class="caption">\s*(.*?)</div>)?', re.DOTALL)
    for path in folder.glob("*.html"):
        text = folders.sub("", path.read_text())
        path.write_text(drawing.sub(r'<img src="\1" alt="\3">', text))


def add_sources(folder):
    added = True
    while added:
        missing = {target for _, _, target, _ in local_links(folder)
                   if not target.exists() and (folder / "source") in target.parents}
        added = any([source_page(folder, target) for target in sorted(missing)])


def drop_unreachable(folder):
    """Removes the pages to which no way leads: lists of Doxygen's for menus that there are not."""
    leads_to = {}
    for path, _, target, _ in local_links(folder):
        leads_to.setdefault(path, set()).add(target)
    reached, ahead = set(), {folder / "index.html"}
    while ahead:
        reached |= ahead
        ahead = set().union(*(leads_to.get(path, set()) for path in ahead)) - reached
    for path in folder.rglob("*.html"):
        if path not in reached:
            path.unlink()


def broken_links(folder):
    anchors = {}
    for path, link, target, anchor in local_links(folder):
        if not target.is_file():
            yield f"{path.relative_to(folder)}: {link}: no such file"
        elif anchor and target.suffix == ".html":
            if target not in anchors:
                anchors[target] = Document(target).anchors
            if anchor not in anchors[target]:
                yield f"{path.relative_to(folder)}: {link}: no such place"


def leftovers(folder):
    for path in sorted(folder.glob("*.html")):
        whole = path.read_text()
        text = re.sub(r"<(pre|code|div class=\"fragment\")\b.*?</(pre|code|div><!-- fragment --)>",
                      "", whole, flags=re.DOTALL)
        for pattern, page in ((LEFTOVER, text), (TORN_TABLE, whole)):
            for match in pattern.finditer(page):
                around = page[max(0, match.start() - 40):match.end() + 20]
                yield f"{path.name}: not rendered: {around!r}"


def main(folder):
    if not shutil.which("doxygen"):
        print("skipped: there is no doxygen")
        return EXIT_SKIPPED
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wrong = run_doxygen(folder, Library())
    tidy(folder)
    add_sources(folder)
    drop_unreachable(folder)
    wrong += [*dict.fromkeys(broken_links(folder)), *leftovers(folder)]
    print(f"{len(list(folder.rglob('*.html')))} pages, {len(wrong)} wrong", *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
