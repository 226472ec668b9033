# SPDX-License-Identifier: Apache-2.0
"""The tables of the locks between threads."""
import re

from peers import BLOCKING, NO_LOCKS
from tables import BY_A_TWENTIETH, DUEL, Column, duels, grid, table

OURS = "fasteners"
SOLO = {"1T-read": "read", "1T-nested": "nested read", "1T-write": "write"}
WAITS = ("W/8R", "R/4W", "R/4W-0.9us")


def middle(run, bench, name, title, column, less=True):
    return Column(title, lambda peer: run.middle(bench, name, column, peer), less)


def medians(run, name, titles, bench="threads"):
    return [middle(run, bench, name, titles.get(column, column), column)
            for column in (titles or run.columns(bench, name))]


def solo(run):
    return grid(BLOCKING, medians(run, "solo", SOLO), NO_LOCKS)


def instructions(run):
    def count(column):
        def value(peer):
            numbers = run.numbers("threads", "instructions", column, peer)
            return int(numbers[0]) if numbers else None
        return value
    names = {"read": "read", "nested": "nested read", "write": "write"}
    return grid(BLOCKING, [Column(title, count(name)) for name, title in names.items()])


def pairs(run):
    return grid(BLOCKING, medians(run, "pairs", {}))


def readers_alone(run):
    """The columns of readers alone by their number of threads."""
    names = (re.fullmatch(r"scale-0%-(\d+)T", column)
             for column in run.columns("threads", "scaling"))
    return {int(name[1]): name[0] for name in names if name}


def reads(run, threads, peer):
    """Read pairs of so many threads together in a microsecond; None: not measured."""
    ns = run.middle("threads", "scaling", readers_alone(run)[threads], peer)
    return 1e3 * threads / ns if ns else None


def scaling(run):
    def column(threads):
        return Column(f"{threads}T", lambda peer: reads(run, threads, peer), False)
    return grid(BLOCKING, [column(threads) for threads in readers_alone(run)])


def every(run, bench):
    """What is compared one by one: solo and pairs."""
    return medians(run, "solo", {key: f"1T {title}" for key, title in SOLO.items()}, bench) + \
        medians(run, "pairs", {}, bench)


def static(run):
    return table(DUEL, duels(BLOCKING, OURS, every(run, "threads-static")))


def sections(run):
    """Ours, the lock that the C library has, and the best of the others."""
    columns = medians(run, "sections", {})
    rows = duels(BLOCKING, OURS, columns)
    for row, column in zip(rows, columns):
        row.insert(2, f"{column.value('pthread'):.0f}")
    return table(DUEL[:2] + ["pthread_rwlock"] + DUEL[2:], rows)


def wait_columns(run, values):
    """Medians of the rounds, and the longest of all of them."""
    def column(name, value, title, percent):
        return Column(f"{name} {title}", lambda peer: run.at(percent, "threads", "waits", name,
                                                             peer, value))
    titles = {"p50": ("p50", 50), "p99": ("p99", 50), "max": ("longest", 100)}
    return [column(name, value, *titles[value]) for name in WAITS for value in values]


def waits(run):
    return grid(BLOCKING, wait_columns(run, ("p50", "p99", "max")))


def share(run):
    return grid(BLOCKING, [middle(run, "threads", "share", "least over most", "32T-share", False)])


def behind(run):
    """Where another lock is the better one by more than a twentieth."""
    columns = every(run, "threads")
    columns += medians(run, "sections", {name: f"sections {name}"
                                         for name in run.columns("threads", "sections")})
    columns += wait_columns(run, ("p50", "max"))
    columns += [middle(run, "threads", "share", "32T-share", "32T-share", False)]
    linked = every(run, "threads-static")
    for column in linked:
        column.title = f"static: {column.title}"
    return table(DUEL, duels(BLOCKING, OURS, columns + linked, BY_A_TWENTIETH))


TABLES = {f"threads-{table.__name__}": table for table in
          (solo, instructions, static, pairs, scaling, sections, waits, share, behind)}
