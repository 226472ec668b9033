# SPDX-License-Identifier: Apache-2.0
"""blocks.py DOCUMENT...: compiles and runs the code blocks of Markdown documents and of headers.

A block in C or C++ that has a main is a program. Any other one names, in a comment before it that
is not rendered, the file below inside/ that completes it by including "block.inc":

    <!-- inside NAME -->
    <!-- inside NAME, not run -->

A block in Python is a program; it is skipped where Python has no package fasteners. Each program
runs in an empty folder and has to end with status 0 and to say nothing on the standard error
output. If a paragraph that ends with "prints:" and a block without a language follow, that is what
it has to print; "both print:" speaks of the two programs before.

The blocks in the comments of a header (docs/tools/comments.py says which they are) are completed by
inside/headers/HEADER_N.c, N being their number from 1 on.

Environment: SOURCE_DIR, WORK (a folder for what is built), LIBRARY (the shared library), CC, CXX
(may be empty), PYTHON (may be empty). Exit status 0; 1 if a block is wrong; 77 if all were skipped.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

SOURCE_DIR = pathlib.Path(os.environ["SOURCE_DIR"])
sys.path.append(str(SOURCE_DIR / "docs/tools"))

import comments  # noqa: E402
import headers  # noqa: E402

EXIT_SKIPPED = 77
PATIENCE_S = 60
WORK = pathlib.Path(os.environ["WORK"])
LIBRARY = pathlib.Path(os.environ["LIBRARY"])
PYTHON = os.environ.get("PYTHON", "")

WARNINGS = ("-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wundef"
            " -Werror").split()
COMPILERS = {
    "c": [os.environ["CC"], "-std=gnu11", "-Wstrict-prototypes", "-Wmissing-prototypes"],
    "cpp": [os.environ.get("CXX", ""), "-std=c++17"],
}
SAYS = re.compile(r"([Bb]oth print|prints):$")
MARK = re.compile(r"<!-- inside (\w+)(, not run)? -->$")


class Wrong(Exception):
    """What is wrong with a block, beginning with the file and the line."""


class Block:
    def __init__(self, document, line, language, mark):
        self.document, self.line, self.language = document, line, language
        self.inside, self.run = (mark[1], not mark[2]) if mark else (None, True)
        self.text, self.output, self.output_line = "", None, None

    def wrong(self, what):
        return Wrong(f"{self.document}:{self.line}: {what}")


def blocks_of(document, text):
    """The blocks in the languages that are known here, with what they print."""
    programs, block, before = [], None, ""
    for number, line in enumerate(text.split("\n"), 1):
        if block is not None and line.rstrip() != "```":
            block.text += line + "\n"
        elif block is not None:
            if block.language in COMPILERS or block.language == "python":
                programs.append(block)
            elif block.language == "" and (said := SAYS.search(before)):
                for program in programs[-2 if said[1] != "prints" else -1:]:
                    if program.output is not None:
                        raise block.wrong(f"says again what line {program.line} prints")
                    program.output = block.text
                    program.output_line = block.line
            block, before = None, ""
        elif fence := re.match(r"```(\w*)$", line.rstrip()):
            block = Block(document, number + 1, fence[1], MARK.match(before))
        elif line.strip():
            before = line.strip()
    if block is not None:
        raise block.wrong("the block has no end")
    return programs


def code_of(blocks):
    for block in blocks:
        if isinstance(block, comments.Code):
            yield block
        elif isinstance(block, comments.List):
            for item in block.items:
                yield from code_of(item.blocks)


def blocks_of_header(document, text):
    programs = []
    for comment in headers.COMMENT.finditer(text):
        for code in code_of(comments.blocks_of(comments.text_of(comment[0]))):
            line = text.count("\n", 0, text.index(code.lines[0], comment.start())) + 1
            language = "cpp" if document.suffix == ".hpp" else "c"
            block = Block(document, line, language, None)
            block.inside = f"headers/{document.stem}_{len(programs) + 1}"
            block.text = "\n".join(code.lines) + "\n"
            programs.append(block)
    return programs


def source_of(block, folder):
    """Writes what is to be compiled, so that messages of the compiler name the document."""
    begin = f'#line {block.line} "{block.document}"\n'
    if block.inside is None:
        if not re.search(r"\bint main\(", block.text):
            raise block.wrong("is no program, and no comment says what it is inside of")
        source = folder / f"block.{block.language}"
        source.write_text(begin + block.text)
        return source
    source = SOURCE_DIR / "tests/docs/inside" / f"{block.inside}.{block.language}"
    if not source.exists():
        raise block.wrong(f"there is no {source.relative_to(SOURCE_DIR)}")
    # As far to the right as what follows there: some compilers warn of misleading indentation.
    (folder / "block.inc").write_text(begin + textwrap.indent(block.text, "    "))
    return source


def compiled(block, folder):
    program = folder / "program"
    command = [*COMPILERS[block.language], *WARNINGS, "-O2", f"-I{SOURCE_DIR / 'include'}",
               f"-I{folder}", "-o", program, source_of(block, folder), LIBRARY,
               f"-Wl,-rpath,{LIBRARY.parent}", "-pthread"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0 or done.stdout:
        raise block.wrong(f"does not compile without a message\n{done.stdout}")
    return [program]


def check_run(block, command, folder):
    folder.mkdir()
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise block.wrong("does not end") from None
    if done.returncode != 0 or done.stderr:
        raise block.wrong(f"ends with status {done.returncode}\n{done.stdout}{done.stderr}")
    if block.output is not None and done.stdout != block.output:
        raise Wrong(f"{block.document}:{block.output_line}: not what the block at line {block.line}"
                    f" prints, which is\n{done.stdout}")


def python_has_fasteners():
    return PYTHON != "" and subprocess.run([PYTHON, "-c", "import fasteners"],
                                           capture_output=True).returncode == 0


def check(block, folder):
    """Returns whether it could be tried."""
    if block.language == "python":
        if not python_has_fasteners():
            return False
        # The empty lines make its messages name the lines of the document.
        (folder / "block.py").write_text("\n" * (block.line - 1) + block.text)
        command = [PYTHON, folder / "block.py"]
    else:
        if COMPILERS[block.language][0] == "":
            return False
        command = compiled(block, folder)
    if block.run:
        check_run(block, command, folder / "cwd")
    return True


def main(documents):
    shutil.rmtree(WORK, ignore_errors=True)
    counts = {True: 0, False: 0}
    wrong = []
    for document in documents:
        try:
            document = pathlib.Path(document)
            reader = blocks_of if document.suffix == ".md" else blocks_of_header
            blocks = reader(document, (SOURCE_DIR / document).read_text())
        except Wrong as what:
            wrong.append(what)
            continue
        for block in blocks:
            folder = WORK / f"{document.name}-{block.line}"
            folder.mkdir(parents=True)
            try:
                counts[check(block, folder)] += 1
            except Wrong as what:
                wrong.append(what)
    print(f"{counts[True]} blocks tried, {counts[False]} skipped, {len(wrong)} wrong")
    for what in wrong:
        print(what)
    if wrong:
        return 1
    return EXIT_SKIPPED if counts[False] and not counts[True] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
