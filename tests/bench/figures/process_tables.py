# SPDX-License-Identifier: Apache-2.0
"""The tables of the locks between processes."""
from peers import EXCLUSIVE, SHARED
from tables import BY_A_TWENTIETH, DUEL, Column, duels, grid, table


def column(run, title, scenario, series, percent=50, less=True):
    return Column(title, lambda peer: run.at(percent, "processes", scenario, series, peer), less)


def samples(run, scenario, series):
    def count(peer):
        return len(run.numbers("processes", scenario, series, peer)) or None
    return Column("samples", count, None)


def alone(run):
    return [column(run, "pair, ns", "pair", "pair_ns")]


def contended(run):
    return [
        column(run, "hand-off p50, us", "handoff", "handoff_us"),
        column(run, "hand-off p99, us", "handoff", "handoff_us", 99),
        column(run, "processor time of a 2 s wait, ms", "cpu", "cpu_ms"),
        column(run, "1 s time-out late by, ms", "overshoot", "overshoot_ms"),
        column(run, "hog: longest wait, ms", "hog", "hog_longest_ms", 100),
        column(run, "hog: turns/s", "hog", "hog_turns_per_s", 50, False),
        column(run, "holder killed: longest wait, ms", "crash", "crash_ms", 100)]


def crowds(run):
    for size in (2, 8, 32):
        name = f"crowd-{size}"
        yield column(run, f"{size}: turns/s", name, "crowd_turns_per_s", 50, False)
        yield column(run, f"{size}: longest wait, ms", name, "crowd_longest_ms", 100)


def shared_alone(run):
    return [column(run, "read pair, ns", "rw-pair", "rw_read_pair_ns"),
            column(run, "write pair, ns", "rw-pair", "rw_write_pair_ns"),
            column(run, "read pair where another thread reads, ns", "rw-join", "rw_join_ns")]


def shared_contended(run):
    return [column(run, "writer: p50, ms", "rw-writer", "rw_writer_wait_ms"),
            column(run, "writer: p99, ms", "rw-writer", "rw_writer_wait_ms", 99),
            column(run, "writer: longest, ms", "rw-writer", "rw_writer_wait_ms", 100),
            column(run, "mixed: turns/s", "rw-mixed", "rw_mixed_turns_per_s",
                   50, False),
            column(run, "mixed: longest wait, ms", "rw-mixed", "rw_mixed_longest_ms", 100)]


def behind(run):
    """Where a lock of others is the better one by more than a twentieth."""
    exclusive = alone(run) + contended(run) + list(crowds(run))
    shared = shared_alone(run) + shared_contended(run)
    rows = []
    for peers, columns, ours in ((EXCLUSIVE, exclusive, "ours"),
                                 (EXCLUSIVE, exclusive, "ours-fair"),
                                 (SHARED, shared, "ours-rw"), (SHARED, shared, "ours-rw-writers")):
        rows += [[peers[ours], *row] for row in duels(peers, ours, columns, BY_A_TWENTIETH)]
    return table(["which", *DUEL], rows)


TABLES = {
    "processes-alone": lambda run: grid(EXCLUSIVE, alone(run)),
    "processes-waits": lambda run: grid(EXCLUSIVE, contended(run)),
    "processes-crowd": lambda run: grid(EXCLUSIVE, list(crowds(run))),
    "processes-shared": lambda run: grid(SHARED, shared_alone(run)),
    "processes-writer": lambda run: grid(SHARED, [
        samples(run, "rw-writer", "rw_writer_wait_ms"), *shared_contended(run)]),
    "processes-behind": behind,
}
