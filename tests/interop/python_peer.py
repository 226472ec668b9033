# SPDX-License-Identifier: Apache-2.0
"""Plays the other program with Python's fasteners.

Reads one command a line from standard input and answers each with one line, but for the acquires:
as soon as one of them has to wait it says "waiting", and its result follows when there is one.

  create ID lock|rw PATH        an InterProcessLock or an InterProcessReaderWriterLock
  acquire ID KIND SECONDS       KIND: lock, read or write; 0 tries once, -1 waits for ever.
                                True or False, and the seconds it took
  release ID KIND
  hammer ID KIND WITNESS ROUNDS counts under the lock, see witness.h: rounds done, overlaps seen
  rw_hammer ID RECORD ROUNDS    reads and writes in turn, see rw_record.h: rounds done, clashes seen
  exit
"""

import mmap
import os
import struct
import sys
import time

import fasteners

locks = {}


def say(*words):
    print(*words, flush=True)


class Sleeper:
    """The sleep function of one lock: tells the first time that it is called in an acquire."""

    def __init__(self):
        self.tells = False

    def __call__(self, seconds):
        if self.tells:
            self.tells = False
            say("waiting")
        time.sleep(seconds)


def create(lock_id, kind, path):
    sleeper = Sleeper()
    make = fasteners.InterProcessLock if kind == "lock" else fasteners.InterProcessReaderWriterLock
    locks[lock_id] = make(path, sleep_func=sleeper), sleeper
    return "OK"


def acquire_function(lock, kind):
    return {
        "lock": lambda: lock.acquire,
        "read": lambda: lock.acquire_read_lock,
        "write": lambda: lock.acquire_write_lock,
    }[kind]()


def release_function(lock, kind):
    return {
        "lock": lambda: lock.release,
        "read": lambda: lock.release_read_lock,
        "write": lambda: lock.release_write_lock,
    }[kind]()


def acquire(lock_id, kind, seconds):
    lock, sleeper = locks[lock_id]
    begin = time.monotonic()
    sleeper.tells = True
    if float(seconds) == 0:
        got = acquire_function(lock, kind)(blocking=False)
    else:
        timeout = None if float(seconds) < 0 else float(seconds)
        got = acquire_function(lock, kind)(timeout=timeout)
    sleeper.tells = False
    return got, time.monotonic() - begin


def release(lock_id, kind):
    release_function(locks[lock_id][0], kind)()
    return "OK"


def visit(words, counter):
    """One section of witness.c: the word in shared memory, and the number in the file."""
    overlaps = words[0] != 0
    words[0] = 1
    count = os.pread(counter, 8, 0)
    os.pwrite(counter, struct.pack("q", struct.unpack("q", count)[0] + 1 if count else 1), 0)
    words[0] = 0
    return overlaps


def hammer(lock_id, kind, witness, rounds):
    lock = locks[lock_id][0]
    counter = os.open(witness + ".counter", os.O_RDWR)
    file = os.open(witness, os.O_RDWR)
    overlaps = 0
    with mmap.mmap(file, 8) as memory, memoryview(memory).cast("I") as words:
        for _ in range(int(rounds)):
            acquire_function(lock, kind)(delay=0.0005, max_delay=0.002)
            overlaps += visit(words, counter)
            release_function(lock, kind)()
    os.close(file)
    os.close(counter)
    return int(rounds), overlaps


READERS, WRITERS = 0, 1


def read_record(words):
    """Not counted, as Python adds nothing atomically: but this side sees a writer."""
    clashes = words[WRITERS] != 0
    time.sleep(0.0002)
    return clashes + (words[WRITERS] != 0)


def write_record(words):
    clashes = (words[WRITERS] != 0) + (words[READERS] != 0)
    words[WRITERS] = 1
    time.sleep(0.0002)
    clashes += words[READERS] != 0
    words[WRITERS] = 0
    return clashes


def rw_hammer(lock_id, record, rounds):
    lock = locks[lock_id][0]
    file = os.open(record, os.O_RDWR)
    clashes = 0
    with mmap.mmap(file, 8) as memory, memoryview(memory).cast("I") as words:
        for i in range(int(rounds)):
            kind, visit_record = ("write", write_record) if i % 4 == 3 else ("read", read_record)
            acquire_function(lock, kind)(delay=0.0005, max_delay=0.002)
            clashes += visit_record(words)
            release_function(lock, kind)()
    os.close(file)
    return int(rounds), clashes


COMMANDS = {
    "create": create,
    "acquire": acquire,
    "release": release,
    "hammer": hammer,
    "rw_hammer": rw_hammer,
}


def main():
    say("ready", getattr(fasteners, "__version__", ""))
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "exit":
            break
        try:
            answer = COMMANDS[command](*arguments)
        except Exception as error:  # the test is to see it, whatever it is
            answer = "ERROR", repr(error)
        say(*(answer if isinstance(answer, tuple) else (answer,)))


main()
