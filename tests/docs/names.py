# SPDX-License-Identifier: Apache-2.0
"""names.py: every name of the library that the documents give as code is one of its headers'.

Looked at are the code spans; blocks in C and C++ are compiled by blocks.py. A name that ends with _
stands for those that begin so. Environment: SOURCE_DIR.
"""
import os
import pathlib
import re
import sys

SOURCE_DIR = pathlib.Path(os.environ["SOURCE_DIR"])
DOCUMENTS = ["README.md", "SECURITY.md", "examples/README.md", "docs/*.md"]
# Not after a letter or "-D": options of CMake are none.
NAME = re.compile(r"(?<![\w:./-])(?:fasteners|FASTENERS)_\w+")


def names_of_headers():
    """Without the comments: what is only talked about there does not exist."""
    names = set()
    for header in sorted((SOURCE_DIR / "include").rglob("*.h*")):
        names.update(NAME.findall(re.sub(r"/\*.*?\*/", " ", header.read_text(), flags=re.DOTALL)))
    return names


def spans(text):
    """The code spans of a document with their lines; a span ends in the paragraph it begins in."""
    prose = re.sub(r"^```.*?^```$", lambda block: "\n" * block[0].count("\n"), text,
                   flags=re.DOTALL | re.MULTILINE)
    for span in re.finditer(r"(`+)((?:(?!\n\n).)+?)\1(?!`)", prose, flags=re.DOTALL):
        yield prose.count("\n", 0, span.start()) + 1, span[2]


def exists(name, known):
    return name in known or name.endswith("_") and any(one.startswith(name) for one in known)


def main():
    known, used, wrong = names_of_headers(), set(), []
    for document in sorted(file for glob in DOCUMENTS for file in SOURCE_DIR.glob(glob)):
        for line, span in spans(document.read_text()):
            for name in NAME.findall(span):
                used.add(name)
                if not exists(name, known):
                    wrong.append(f"{document.relative_to(SOURCE_DIR)}:{line}: no header has {name}")
    print(f"{len(used)} names, {len(wrong)} of them unknown", *wrong, sep="\n")
    return 1 if wrong or len(used) < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
