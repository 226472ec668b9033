# SPDX-License-Identifier: Apache-2.0
"""A run as it is kept in the repository: a few CSV files from which tables and plots are made.

machine.csv tells where and how it was measured (name,value); the other files hold what was
measured, one line for each series (table,column,value,peer,numbers). The numbers are those of the
rounds, or every sample, rounded to four digits.
"""
import csv
import hashlib
import math
import pathlib
import re

BENCHES = ("threads", "threads-static", "processes")
HEAD = ["table", "column", "value", "peer", "numbers"]


def percentile(numbers, percent):
    """As series_percentile in series.c."""
    return sorted(numbers)[max(math.ceil(percent / 100 * len(numbers)), 1) - 1]


class Run:
    """What the files in a folder say. A column of a bench is named by its table and its name."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        with open(self.folder / "machine.csv", newline="") as file:
            self.machine = dict(list(csv.reader(file))[1:])
        self.series = {}
        for bench in BENCHES:
            with open(self.folder / f"{bench}.csv", newline="") as file:
                for row in csv.DictReader(file):
                    key = bench, row["table"], row["column"], row["value"], row["peer"]
                    self.series[key] = [float(number) for number in row["numbers"].split()]

    def numbers(self, bench, table, column, peer, value=""):
        return self.series.get((bench, table, column, value, peer), [])

    def at(self, percent, bench, table, column, peer, value=""):
        """The percentile of a series; None if it was not measured."""
        numbers = self.numbers(bench, table, column, peer, value)
        return percentile(numbers, percent) if numbers else None

    def middle(self, *what, **more):
        return self.at(50, *what, **more)

    def columns(self, bench, table):
        return list(dict.fromkeys(key[2] for key in self.series if key[:2] == (bench, table)))

    def digest(self):
        """Tells this run from others: a plot says of which run it is."""
        whole = hashlib.sha256()
        for name in ("machine", *BENCHES):
            whole.update((self.folder / f"{name}.csv").read_bytes())
        return whole.hexdigest()[:16]


def series_of(path, keys):
    """The series in a CSV file of a benchmark, by their table, column, value and peer."""
    series = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            key = tuple(row[name] if name else "" for name in keys)
            series.setdefault(key, []).append(float(row[list(row)[-1]]))
    return series


def instructions_of(path):
    """The same for what tests/bench/instructions prints."""
    series = {}
    for line in path.read_text().splitlines():
        row = re.fullmatch(r"(\S+)((?: +(?:\d+|-)){3})", line)
        for column, count in zip(("read", "nested", "write"), row[2].split() if row else ()):
            if count != "-":
                series["instructions", column, "", row[1]] = [float(count)]
    return series


def short(number):
    return f"{float(f'{number:.4g}'):g}"


def write(path, head, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


def store(raw, folder):
    """From the files that the benchmarks wrote: BENCH.csv, and for what was measured once more and
    longer BENCH.TABLE.csv, which then counts."""
    raw, folder = pathlib.Path(raw), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for bench in BENCHES:
        keys = ("scenario", "series", "", "peer") if bench == "processes" else HEAD[:4]
        series = {}
        for path in sorted(raw.glob(f"{bench}.csv")) + sorted(raw.glob(f"{bench}.*.csv")):
            again = series_of(path, keys)
            tables = {key[0] for key in again}
            series = {key: series[key] for key in series if key[0] not in tables} | again
        if bench == "threads" and (raw / "instructions.txt").exists():
            series |= instructions_of(raw / "instructions.txt")
        write(folder / f"{bench}.csv", HEAD,
              ((*key, " ".join(short(number) for number in series[key])) for key in series))
    (folder / "machine.csv").write_bytes((raw / "machine.csv").read_bytes())
