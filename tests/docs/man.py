# SPDX-License-Identifier: Apache-2.0
"""man.py: the manual pages say of each public function what its header says, and nothing else.

Looked at are the pages as mandoc shows them, and the headers by other means than those that made
the pages:

  - each function that the library exports, or a header has inline, is in NAME and SYNOPSIS of the
    page of its name, and no page has another one;
  - a compiler takes the prototypes of the SYNOPSIS beside those of the headers;
  - RETURN VALUES has the statuses that begin a line in the comment of the function, no others;
  - the programs in EXAMPLES compile without a warning, run, and end with status 0;
  - nothing is wider than 80 columns;
  - mandoc finds nothing to warn of.

Environment: SOURCE_DIR, MAN (the pages), WORK, LIBRARY, CC. Exit status 77 if mandoc is missing.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

EXIT_SKIPPED = 77
COLUMNS = 80
SOURCE_DIR = pathlib.Path(os.environ["SOURCE_DIR"])
MAN = pathlib.Path(os.environ["MAN"])
WORK = pathlib.Path(os.environ["WORK"])
LIBRARY = pathlib.Path(os.environ["LIBRARY"])

STATUS_LINE = re.compile(r"^ ?\*? *(FASTENERS_[A-Z_]+(?:, [A-Z_]+)*)(?=,?$|  | \(or another)")
PROTOTYPE = re.compile(r"^     (\w[\w ]*\*?)\n     (fasteners_\w+)(\([^;]*\);)", re.MULTILINE)
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror".split()


def full(names):
    return {"FASTENERS_" + name.strip().removeprefix("FASTENERS_")
            for name in names.split(",") if name.strip()}


def exported():
    text = (SOURCE_DIR / "src/fasteners.map").read_text()
    return set(re.findall(r"^\s+(fasteners_\w+);", text, re.MULTILINE))


def headers():
    return sorted((SOURCE_DIR / "include/fasteners").glob("*.h"))


def inline_functions():
    return {name for header in headers()
            for name in re.findall(r"^(?:FASTENERS_NODISCARD )?static inline [\w *]*?\s\**"
                                   r"(fasteners_\w+)\(", header.read_text(), re.MULTILINE)
            if not name.endswith("_")}


def statuses_in_headers():
    """Function by function: the statuses that begin a line of the last comment before it."""
    found = {}
    for header in headers():
        statuses = set()
        for part in re.finditer(r"/\*.*?\*/|\b(fasteners_\w+)\(", header.read_text(), re.DOTALL):
            if part[1] is None:
                statuses = statuses_of_comment(part[0])
            else:
                found.setdefault(part[1], statuses)
    return found


def statuses_of_comment(comment):
    statuses, lines = set(), iter(comment.split("\n"))
    for line in lines:
        match = STATUS_LINE.match(line)
        while match:
            statuses |= full(match[1])
            if not line.endswith(","):
                break
            line = next(lines)
            match = STATUS_LINE.match(line)
    return statuses


class Page:
    """A page of section 3 as it is shown, by its sections."""

    def __init__(self, path):
        shown = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=300,indent=5", path],
                               capture_output=True, text=True, check=True).stdout
        shown = re.sub(r".\x08", "", shown)
        parts = re.split(r"^([A-Z][A-Z ]+)\n", shown, flags=re.MULTILINE)
        self.sections = dict(zip(parts[1::2], parts[2::2]))
        self.names = set(re.findall(r"[\w]+", self.sections["NAME"].split(" - ")[0]))
        self.prototypes = {match[2]: f"{match[1]} {match[2]}{match[3]}"
                           for match in PROTOTYPE.finditer(self.sections["SYNOPSIS"])}

    def statuses(self):
        """Function by function: the statuses that RETURN VALUES explains."""
        found, functions = {}, list(self.prototypes)
        for line in self.sections.get("RETURN VALUES", "").split("\n"):
            if heading := re.match(r"   (\w.*)$", line):
                functions = heading[1].split(", ")
            elif status := re.match(r" {5,14}(FASTENERS_[A-Z_]+(?:, [A-Z_]+)*)( \(or .*)?$", line):
                for function in functions:
                    found.setdefault(function, set()).update(full(status[1]))
        return found

    def program(self):
        text = self.sections.get("EXAMPLES", "")
        lines = text[text.find("#include"):].split("\n") if "#include" in text else []
        return "\n".join(line[11:] if line.startswith(" ") else line for line in lines)


def check_names(pages, functions):
    for function in sorted(functions):
        path = MAN / "man3" / f"{function}.3"
        if not path.exists():
            yield f"{function}: there is no manual page"
            continue
        page = pages[path.resolve().name]
        if function not in page.names:
            yield f"{function}: the page does not name it"
        if function not in page.prototypes:
            yield f"{function}: the SYNOPSIS of its page has no prototype"
    for name, page in pages.items():
        for function in sorted(set(page.prototypes) - functions):
            yield f"{name}: {function} is no function of the library"


def check_statuses(pages):
    wanted = statuses_in_headers()
    for name, page in pages.items():
        told = page.statuses()
        for function in page.prototypes:
            missing = wanted.get(function, set()) - told.get(function, set())
            surplus = told.get(function, set()) - wanted.get(function, set())
            if missing:
                yield f"{name}: {function}: not explained: {', '.join(sorted(missing))}"
            if surplus:
                yield f"{name}: {function}: not in the header: {', '.join(sorted(surplus))}"


def compiled(source, *options):
    return subprocess.run([os.environ["CC"], "-std=gnu11", *WARNINGS,
                           f"-I{SOURCE_DIR / 'include'}", source, *options],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def check_prototypes(pages):
    source = WORK / "prototypes.c"
    source.write_text("#include <fasteners.h>\n" + "\n".join(
        prototype for page in pages.values() for prototype in page.prototypes.values()) + "\n")
    done = compiled(source, "-fsyntax-only", "-Wno-unused-function")
    if done.returncode != 0:
        yield f"a SYNOPSIS does not agree with the headers\n{done.stdout}"


def check_examples(pages):
    for name, page in pages.items():
        if not page.program():
            continue
        source, program, folder = WORK / f"{name}.c", WORK / f"{name}.program", WORK / f"{name}.d"
        source.write_text(page.program() + "\n")
        done = compiled(source, "-o", program, LIBRARY, f"-Wl,-rpath,{LIBRARY.parent}")
        if done.returncode == 0:
            folder.mkdir()
            done = subprocess.run([program], cwd=folder, stdin=subprocess.DEVNULL, timeout=60,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            yield f"{name}: EXAMPLES: status {done.returncode}\n{done.stdout}"


def check_width():
    for path in sorted(MAN.glob("man?/*")):
        if path.is_symlink():
            continue
        shown = subprocess.run(["mandoc", "-T", "ascii", path], capture_output=True, text=True)
        for line in re.sub(r".\x08", "", shown.stdout).split("\n"):
            if len(line) > COLUMNS:
                yield f"{path.name}: {len(line)} columns: {line}"


def check_lint():
    files = [path for path in sorted(MAN.glob("man?/*")) if not path.is_symlink()]
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *files],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0 or done.stdout:
        yield f"mandoc warns:\n{done.stdout}"


def main():
    if not shutil.which("mandoc"):
        print("skipped: there is no mandoc")
        return EXIT_SKIPPED
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    pages = {path.name: Page(path) for path in sorted(MAN.glob("man3/*.3"))
             if not path.is_symlink()}
    functions = exported() | inline_functions()
    overview = {path.name: Page(path) for path in MAN.glob("man7/*.7")}
    examples = {**pages, **overview}
    wrong = [*check_names(pages, functions), *check_prototypes(pages), *check_statuses(pages),
             *check_examples(examples), *check_width(), *check_lint()]
    programs = sum(bool(page.program()) for page in examples.values())
    print(f"{len(pages)} pages, {len(functions)} functions, {programs} programs,"
          f" {len(wrong)} wrong", *wrong, sep="\n")
    return 1 if wrong or programs < 2 or len(functions) < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
