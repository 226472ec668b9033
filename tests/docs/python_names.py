# SPDX-License-Identifier: Apache-2.0
"""python_names.py: each public name of Python's fasteners has its row in docs/from-python.md.

The names are those of 0.20, which are written down here, and those of the package that is
installed, whatever its version. A row is one of a table in the section whose heading begins with
the class (or "Functions"); its first cell has the name as code, and it links to a test or a
program that is run by one. Environment: SOURCE_DIR.
"""
import inspect
import os
import pathlib
import re
import sys

SOURCE_DIR = pathlib.Path(os.environ["SOURCE_DIR"])
DOCUMENT = SOURCE_DIR / "docs/from-python.md"

WAITING = "blocking delay max_delay timeout"
FILE = "path sleep_func logger lockfile MAX_DELAY DELAY_INCREMENT"
NAMES_OF_0_20 = {
    "InterProcessLock": f"InterProcessLock {FILE} {WAITING} acquire release acquired exists trylock"
                        " unlock __enter__ __exit__",
    "InterProcessReaderWriterLock":
        f"InterProcessReaderWriterLock {FILE} {WAITING} acquire_read_lock acquire_write_lock"
        " release_read_lock release_write_lock read_lock write_lock",
    "ReaderWriterLock":
        "ReaderWriterLock condition_cls current_thread_functor acquire_read_lock release_read_lock"
        " acquire_write_lock release_write_lock read_lock write_lock is_reader is_writer"
        " check_pending has_pending_writers owner READER WRITER",
    "Functions":
        "interprocess_locked interprocess_read_locked interprocess_write_locked path locked"
        " read_locked write_locked lock logger try_lock __version__ version_string LockStack",
}


def parameters(function):
    return {name for name, parameter in inspect.signature(function).parameters.items()
            if name != "self" and parameter.kind == parameter.POSITIONAL_OR_KEYWORD}


def public_names(cls, instance):
    """Attributes of the class and of an object of it, and the parameters of its methods."""
    names = {name for name in [*dir(cls), *vars(instance)] if not name.startswith("_")}
    names |= {"__enter__", "__exit__"} & set(dir(cls))
    for name in sorted(names & set(dir(cls))):
        if callable(getattr(cls, name)) and not name.startswith("_"):
            names |= parameters(getattr(cls, name))
    return names | parameters(cls)


def names_of_the_package():
    try:
        import fasteners
    except ImportError:
        print("there is no package fasteners: only the names of 0.20 that are written down here")
        return {}
    print(f"package fasteners {fasteners.__version__}")
    found = {"Functions": set()}
    for name in fasteners.__all__:
        item = getattr(fasteners, name)
        if inspect.isclass(item):
            item_of = item() if name == "ReaderWriterLock" else item("unused.lock")
            found[name] = public_names(item, item_of) | {name}
        else:
            found["Functions"] |= {name} | (parameters(item) if callable(item) else set())
    return found


def rows_of(text):
    """Section by section: the names in the first cells, and the rows that link to no test."""
    section, names, bare = None, {}, []
    for number, line in enumerate(text.split("\n"), 1):
        if heading := re.match(r"## (\w+)", line):
            section = heading[1]
        elif line.startswith("| ") and section is not None:
            cells = line.split(" | ")
            found = re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", cells[0])))
            names.setdefault(section, set()).update(found)
            if section in NAMES_OF_0_20 and found and "](../tests/" not in line:
                bare.append(f"{DOCUMENT.name}:{number}: this row links to no test")
    return names, bare


def main():
    rows, wrong = rows_of(DOCUMENT.read_text())
    wanted = {section: set(names.split()) for section, names in NAMES_OF_0_20.items()}
    for section, names in names_of_the_package().items():
        wanted.setdefault(section, set()).update(names)
    for section, names in wanted.items():
        wrong += [f"section {section}: there is no row with {name}"
                  for name in sorted(names - rows.get(section, set()))]
    print(f"{sum(map(len, wanted.values()))} names", *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
