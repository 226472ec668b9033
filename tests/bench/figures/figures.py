# SPDX-License-Identifier: Apache-2.0
"""figures.py machine FILE COMMAND           what machine this is, in a CSV file
figures.py watch FILE NAME PROGRAM...     runs a program; how long it took, and what others had
figures.py store RAW RUN                  a run from the files of the benchmarks
figures.py tables RUN DOCUMENT            writes the run's tables into the document
figures.py plots RUN FOLDER               draws the run, with gnuplot
figures.py check RUN FOLDER DOCUMENT      whether document and plots are those of the run

RUN is a folder with the CSV files of stored.py.
"""
import difflib
import pathlib
import sys

import document
import machine
import plots
import stored


def set_tables(run, path):
    path = pathlib.Path(path)
    path.write_text(document.renewed(path.read_text(), stored.Run(run)))
    return 0


def check(run, folder, path):
    """The tables to the letter; of a plot that it says it shows this run."""
    run, text = stored.Run(run), pathlib.Path(path).read_text()
    new = document.renewed(text, run)
    wrong = list(difflib.unified_diff(text.splitlines(), new.splitlines(), path, "as measured",
                                      lineterm="", n=0))
    wrong += [f"{plot} is missing, or of another run" for plot in plots.strangers(run, folder)]
    print(*wrong or ["the tables and plots are those of the run"], sep="\n")
    return 1 if wrong else 0


def main(arguments):
    commands = {
        "machine": lambda path, command: machine.add(path, machine.facts(command).items()),
        "watch": lambda path, name, *command: machine.watch(path, name, command),
        "store": stored.store,
        "tables": set_tables,
        "plots": lambda run, folder: plots.draw(stored.Run(run), pathlib.Path(folder)),
        "check": check,
    }
    if not arguments or arguments[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    return commands[arguments[0]](*arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
