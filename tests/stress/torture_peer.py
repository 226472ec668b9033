# SPDX-License-Identifier: Apache-2.0
"""A worker of the torture program that locks with Python's fasteners.

Arguments: the arena file, then NAME=NUMBER for the places in it (see arena.h and monitor.h, which
says why no right thing is taken for a wrong one). A clash ends it with exit status 3.
"""

import mmap
import os
import random
import sys
import time

import fasteners

READS, WRITES = 1, 2


class Arena:
    def __init__(self, name, numbers):
        file = os.open(name, os.O_RDWR)
        self.memory = mmap.mmap(file, numbers["size"])
        os.close(file)
        self.words = memoryview(self.memory).cast("Q")
        self.n = numbers

    def slot(self, path, worker, seat, handle):
        n = self.n
        return (n["slots"] + path * n["path_size"]) // 8 + (
            worker * n["max_seats"] + seat) * n["handles"] + handle

    def epoch(self, path):
        return self.words[(self.n["epoch"] + path * self.n["path_size"]) // 8]

    def lives(self, worker, slot):
        place = worker * self.n["worker_size"]
        if self.words[(self.n["doomed"] + place) // 8] != 0:
            return False
        return self.words[(self.n["life"] + place) // 8] == 2 * (slot >> 2 & 0xFFFFFF)

    def stops(self):
        return self.words[self.n["stop"] // 8] != 0

    def count(self, status):
        self.words[self.n["statuses"] // 8 + status] += 1


def look(arena, path, mode, epoch):
    n = arena.n
    for worker in range(n["workers"]):
        if worker == n["worker"]:
            continue
        for seat in range(n["seats"]):
            for handle in range(n["handles"]):
                slot = arena.words[arena.slot(path, worker, seat, handle)]
                if slot & 3 == 0 or (mode != WRITES and slot & 3 != WRITES):
                    continue
                if slot >> 26 == epoch and arena.lives(worker, slot) and arena.epoch(path) == epoch:
                    print(f"Python, worker {n['worker']}, has path {path} in mode {mode}, epoch "
                          f"{epoch}, and so has worker {worker} seat {seat} handle {handle}: "
                          f"{slot:#x}", file=sys.stderr, flush=True)
                    sys.exit(3)


def enter(arena, path, mode, epoch):
    mine = mode | arena.n["incarnation"] << 2 | epoch << 26
    arena.words[arena.slot(path, arena.n["worker"], 0, 0)] = mine
    if epoch % 2 == 0:
        look(arena, path, mode, epoch)


def leave(arena, path):
    arena.words[arena.slot(path, arena.n["worker"], 0, 0)] = 0


def some_lock(name):
    """Made anew each time, so that the file is opened after the epoch was read."""
    mode = random.choice([0, READS, READS, WRITES])
    if mode == 0:
        lock = fasteners.InterProcessLock(name)
        return lock, lock.acquire, lock.release, WRITES
    lock = fasteners.InterProcessReaderWriterLock(name)
    if mode == READS:
        return lock, lock.acquire_read_lock, lock.release_read_lock, mode
    return lock, lock.acquire_write_lock, lock.release_write_lock, mode


def visit(arena, path, name):
    epoch = arena.epoch(path)
    lock, acquire, release, mode = some_lock(name)
    waits = random.random() < 0.7
    got = acquire(blocking=waits, delay=0.0003, max_delay=0.002,
                  timeout=random.uniform(0.001, 0.03) if waits else None)
    arena.count(0 if got else 2 if waits else 1)
    if got:
        enter(arena, path, mode, epoch)
        if random.random() < 0.2:
            time.sleep(random.uniform(0, 0.002))
        leave(arena, path)
        release()
    elif lock.lockfile is not None:
        lock.lockfile.close()


def main():
    numbers = dict(word.split("=") for word in sys.argv[2:])
    names = numbers.pop("names").split(":")
    arena = Arena(sys.argv[1], {name: int(number) for name, number in numbers.items()})
    random.seed(arena.n["seed"])
    directory = os.path.dirname(sys.argv[1])
    while not arena.stops():
        path, name = random.choice([pair.split(",") for pair in names])
        visit(arena, int(path), os.path.join(directory, name))


main()
