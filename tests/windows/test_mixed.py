# SPDX-License-Identifier: Apache-2.0
"""P2 across systems: programs for Windows (under Wine), native ones and Python's fasteners.

Wine takes the locks of Windows programs as fcntl locks, so all of them can be had on one machine.

usage: test_mixed.py WINE_PROGRAM WINDOWS_AGENT NATIVE_AGENT
"""

import os
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

import fasteners

ROUNDS = 300


class Agent:
    """A lock agent, see tests/support/lock_agent.c."""

    def __init__(self, command, root):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            encoding="utf-8", bufsize=1)
        self.root = root

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def status(self, line):
        return self.ask(line).split(" ")[0].replace("FASTENERS_", "")

    def create(self, path):
        self.ask("create l " + self.root + path)
        self.ask("rw_create r " + self.root + path)

    def acquire(self):
        return self.status("acquire l 0")

    def release(self):
        return self.status("release l")

    def read(self):
        return self.status("read r 0")

    def unread(self):
        return self.status("unread r")

    def write(self):
        return self.status("write r 0")

    def unwrite(self):
        return self.status("unwrite r")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process.stdout.close()


class WindowsAgent(Agent):
    """Wine shows all of this machine's files on the drive Z."""

    def __init__(self):
        super().__init__([WINE, WINDOWS_AGENT], "Z:")


class NativeAgent(Agent):
    def __init__(self):
        super().__init__([NATIVE_AGENT], "")


class Python:
    """This process, with Python's fasteners."""

    def create(self, path):
        self.lock = fasteners.InterProcessLock(path)
        self.rwlock = fasteners.InterProcessReaderWriterLock(path)

    @staticmethod
    def status_of(granted):
        return "OK" if granted else "BUSY"

    def acquire(self):
        return self.status_of(self.lock.acquire(blocking=False))

    def release(self):
        self.lock.release()

    def read(self):
        return self.status_of(self.rwlock.acquire_read_lock(blocking=False))

    def unread(self):
        self.rwlock.release_read_lock()

    def write(self):
        return self.status_of(self.rwlock.acquire_write_lock(blocking=False))

    def unwrite(self):
        self.rwlock.release_write_lock()

    def close(self):
        pass


class Mixed(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="fasteners-test-")
        self.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, "lock")

    def party(self, kind):
        made = kind()
        self.addCleanup(made.close)
        made.create(self.path)
        return made

    def pairs(self):
        """Each pair of which one runs under Wine, both ways round."""
        for other in (NativeAgent, Python, WindowsAgent):
            yield self.party(WindowsAgent), self.party(other)
            yield self.party(other), self.party(WindowsAgent)

    def test_p2_exclusive(self):
        for one, two in self.pairs():
            with self.subTest(one=type(one), two=type(two)):
                for _ in range(3):
                    self.assertEqual(one.acquire(), "OK")
                    self.assertEqual(two.acquire(), "BUSY")
                    one.release()
                    self.assertEqual(two.acquire(), "OK")
                    self.assertEqual(one.acquire(), "BUSY")
                    two.release()

    def test_p2_shared(self):
        for one, two in self.pairs():
            with self.subTest(one=type(one), two=type(two)):
                self.assertEqual(one.read(), "OK")
                self.assertEqual(two.read(), "OK")
                one.unread()
                self.assertEqual(one.write(), "BUSY")
                two.unread()
                self.assertEqual(one.write(), "OK")
                self.assertEqual(two.read(), "BUSY")
                self.assertEqual(two.write(), "BUSY")
                one.unwrite()
                self.assertEqual(two.read(), "OK")
                self.assertEqual(one.acquire(), "BUSY")
                two.unread()

    def test_p10_one_waits_for_the_other(self):
        for kinds in ((WindowsAgent, NativeAgent), (NativeAgent, WindowsAgent)):
            with self.subTest(kinds=kinds):
                holder, waiter = self.party(kinds[0]), self.party(kinds[1])
                self.assertEqual(holder.acquire(), "OK")
                self.assertEqual(waiter.status("acquire l 50"), "TIMED_OUT")
                waiter.ask("start 1 acquire l -1")
                self.assertEqual(waiter.ask("wait_waiting 1"), "OK")
                holder.release()
                self.assertEqual(waiter.status("result 1"), "OK")
                self.assertEqual(waiter.status("thread 1 release l"), "OK")

    def test_p3_the_holder_is_killed(self):
        for kinds in ((WindowsAgent, NativeAgent), (NativeAgent, WindowsAgent)):
            with self.subTest(kinds=kinds):
                holder, waiter = self.party(kinds[0]), self.party(kinds[1])
                self.assertEqual(holder.acquire(), "OK")
                waiter.ask("start 1 acquire l -1")
                self.assertEqual(waiter.ask("wait_waiting 1"), "OK")
                self.assertEqual(waiter.ask("peek 1"), "running")
                holder.kill()
                self.assertEqual(waiter.status("result 1"), "OK")
                self.assertEqual(waiter.status("thread 1 release l"), "OK")

    def test_p1_nobody_meets_anybody(self):
        parties = [self.party(kind) for kind in (WindowsAgent, NativeAgent) * 2]
        witness = os.path.join(self.directory.name, "witness")
        for party in parties:
            party.ask(f"start 1 hammer l {party.root}{witness} {ROUNDS}")
        for party in parties:
            self.assertEqual(party.ask("result 1"), f"FASTENERS_OK {ROUNDS}")
        with open(witness, "rb") as words:
            self.assertEqual(struct.unpack("=II", words.read(8)), (0, 0))
        with open(witness + ".counter", "rb") as counter:
            self.assertEqual(struct.unpack("=q", counter.read(8))[0], ROUNDS * len(parties))


if __name__ == "__main__":
    WINE, WINDOWS_AGENT, NATIVE_AGENT = sys.argv[1:4]
    # Python's fasteners leaves its file open, which Python would warn of.
    unittest.main(argv=sys.argv[:1], verbosity=2, warnings="ignore")
