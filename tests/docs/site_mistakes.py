# SPDX-License-Identifier: Apache-2.0
"""site_mistakes.py: what docs/tools/site.py must refuse. Environment: SOURCE_DIR, WORK.

The mistakes are made in a copy of the project's text.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

EXIT_SKIPPED = 77
SOURCE_DIR = pathlib.Path(os.environ["SOURCE_DIR"])
WORK = pathlib.Path(os.environ["WORK"])

# What is put at the end of a page, and what has to be said of it.
MISTAKES = [
    ("[x](nowhere.c)", r"source/docs/nowhere\.c\.html: no such file"),
    ("[x](nowhere.md)", r"nowhere\.md\.html: no such file"),
    ("[x](semantics.md#nowhere)", "'semantics-nowhere'"),
    ('<a href="nowhere.html">x</a>', r"guide\.html: nowhere\.html: no such file"),
    ('<a href="design.html#nowhere">x</a>', r"guide\.html: design\.html#nowhere: no such place"),
    ('"@ref design"', "guide.html: not rendered: .*@ref design"),
    ("| [`x`](../include/fasteners.h) |\n|---|\n| y |", "guide.html: not rendered: .*`x`"),
    ("| x |\n|---|\n| `y |\n| z` |", r"guide.html: not rendered: .*ilinebr"),
    ("@ref nothing_of_this_name", "'nothing_of_this_name'"),
]


def answer(copy, name, addition):
    path = copy / name
    text = path.read_text()
    path.write_text(text + addition)
    done = subprocess.run([sys.executable, copy / "docs/tools/site.py", WORK / "site"],
                          capture_output=True, text=True)
    path.write_text(text)
    return done.returncode, done.stdout + done.stderr


def main():
    if not shutil.which("doxygen"):
        print("skipped: there is no doxygen")
        return EXIT_SKIPPED
    shutil.rmtree(WORK, ignore_errors=True)
    copy, failures = WORK / "copy", 0
    for name in ("include", "docs", "tests", "examples"):
        shutil.copytree(SOURCE_DIR / name, copy / name)
    for path in [*SOURCE_DIR.glob("*.md"), *SOURCE_DIR.glob("LICENSE")]:
        shutil.copy(path, copy)

    status, said = answer(copy, "docs/guide.md", "\n\n".join(
        ["", *(mistake for mistake, _ in MISTAKES), ""]))
    for mistake, expected in MISTAKES:
        if status != 1 or not re.search(expected, said):
            failures += 1
            print(f"{mistake}: status {status}, expected {expected!r}")
    if failures:
        print(said)
    status, said = answer(copy, "docs/man/pages.txt", "\nfasteners_x: x\n    fasteners_nothing\n")
    if status != 1 or "there is no fasteners_nothing" not in said:
        failures += 1
        print(f"a name that is none: status {status}\n{said}")
    print(f"{len(MISTAKES) + 1} mistakes, {failures} not found")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
