# SPDX-License-Identifier: Apache-2.0
"""Worker for the Python peers: the protocol of worker.h on standard input and output.

worker.py PEER PATH
"""

import os
import sys
import time

PAIRS_A_BATCH = 10
WAIT_MS = 60000
REST_NS = 3_000_000
SLEPT_US = 1000
ONE_WRITE_IN = 10

now = time.monotonic_ns


class Fasteners:
    def __init__(self, path):
        import fasteners
        self.lock = fasteners.InterProcessLock(path)
        self.acquire = self.lock.acquire
        self.release = self.lock.release

    def timed(self, ms):
        return self.lock.acquire(timeout=ms / 1000)

    def try_acquire(self):
        return self.lock.acquire(blocking=False)


class FastenersRw:
    """Writing is what the jobs without an r are for."""

    def __init__(self, path):
        import fasteners
        self.lock = fasteners.InterProcessReaderWriterLock(path)
        self.acquire = self.lock.acquire_write_lock
        self.release = self.lock.release_write_lock
        self.acquire_read = self.lock.acquire_read_lock
        self.release_read = self.lock.release_read_lock

    def timed(self, ms):
        return self.lock.acquire_write_lock(timeout=ms / 1000)

    def try_acquire(self):
        return self.lock.acquire_write_lock(blocking=False)


class Filelock:
    def __init__(self, path):
        import filelock
        self.timeout = filelock.Timeout
        self.lock = filelock.FileLock(path)
        self.acquire = self.lock.acquire
        self.release = self.lock.release

    def timed(self, ms):
        try:
            return self.lock.acquire(timeout=ms / 1000) is not None
        except self.timeout:
            return False

    def try_acquire(self):
        return self.timed(0)


class Portalocker:
    def __init__(self, path):
        import portalocker
        self.failure = portalocker.LockException
        self.lock = portalocker.Lock(path, timeout=WAIT_MS / 1000)
        self.acquire = self.lock.acquire
        self.release = self.lock.release

    def timed(self, ms):
        try:
            return self.lock.acquire(timeout=ms / 1000) is not None
        except self.failure:
            return False

    def try_acquire(self):
        return self.timed(0)


def sleep_until(moment):
    while (left := moment - now()) > 0:
        time.sleep(left / 1e9)


def let_pass(us):
    end = now() + us * 1000
    if us >= SLEPT_US:
        sleep_until(end)
    else:
        while now() < end:
            pass


def run_batch(acquire, release):
    begin = now()
    for _ in range(PAIRS_A_BATCH):
        acquire()
        release()
    return now() - begin


def time_pairs(acquire, release, ms):
    end = now() + ms * 1_000_000
    batches = [run_batch(acquire, release)]
    while now() < end:
        batches.append(run_batch(acquire, release))
    batches.sort()
    return [batches[len(batches) // 2] * 1000 // PAIRS_A_BATCH]


def job_pair(peer, ms, *_):
    return time_pairs(peer.acquire, peer.release, ms)


def job_read_pair(peer, ms, *_):
    return time_pairs(peer.acquire_read, peer.release_read, ms)


def job_read_take(peer, *_):
    peer.acquire_read()
    return []


def job_read_give(peer, *_):
    peer.release_read()
    return []


def job_take(peer, *_):
    peer.acquire()
    return []


def job_try(peer, *_):
    return [int(peer.try_acquire())]


def job_wait(peer, ms, *_):
    cpu = time.process_time_ns()
    begin = now()
    got = peer.timed(ms)
    end = now()
    return [int(got), begin, end, time.process_time_ns() - cpu]


def job_give(peer, moment, *_):
    sleep_until(moment)
    begin = now()
    peer.release()
    sleep_until(begin + REST_NS)
    return [begin]


def job_turns(peer, start, stop, hold, pause):
    turns = longest = 0
    sleep_until(start)
    while (begin := now()) < stop:
        if not peer.timed(WAIT_MS):
            raise TimeoutError
        end = now()
        turns += end < stop
        longest = max(longest, end - begin)
        let_pass(hold)
        peer.release()
        let_pass(pause)
    return [turns, longest]


def job_read_turns(peer, start, stop, hold, _):
    turns = longest = 0
    sleep_until(start)
    while (begin := now()) < stop:
        peer.acquire_read()
        end = now()
        turns += end < stop
        longest = max(longest, end - begin)
        sleep_until(end + hold * 1000)
        peer.release_read()
    return [turns, longest]


def job_mixed(peer, start, stop, hold, pause):
    turns = longest = 0
    number = os.getpid()
    sleep_until(start)
    while (begin := now()) < stop:
        writes = number % ONE_WRITE_IN == 0
        number += 1
        if not (peer.timed(WAIT_MS) if writes else peer.acquire_read()):
            raise TimeoutError
        end = now()
        turns += end < stop
        longest = max(longest, end - begin)
        let_pass(hold)
        if writes:
            peer.release()
        else:
            peer.release_read()
        let_pass(pause)
    return [turns, longest]


PEERS = {"fasteners": Fasteners, "fasteners-rw": FastenersRw, "filelock": Filelock,
         "portalocker": Portalocker}
JOBS = {"pair": job_pair, "take": job_take, "try": job_try, "wait": job_wait, "give": job_give,
        "turns": job_turns, "rpair": job_read_pair, "rtake": job_read_take,
        "rgive": job_read_give, "rturns": job_read_turns, "mixed": job_mixed}


def say(numbers):
    numbers = numbers + [0] * (4 - len(numbers))
    print("ok {} {} {} {}".format(*numbers), flush=True)


def main():
    try:
        peer = PEERS[sys.argv[1]](sys.argv[2])
    except ImportError:
        sys.exit(f"{sys.argv[1]}: no such Python module")
    say([])
    for line in sys.stdin:
        name, *given = line.split()
        if name not in JOBS:
            break
        try:
            say(JOBS[name](peer, *map(int, given)))
        except Exception as reason:
            print(f"{sys.argv[1]}: {name}: {reason!r}", file=sys.stderr)
            print("no", flush=True)


main()
