# SPDX-License-Identifier: Apache-2.0
"""What machine it is, and how busy others kept it while a program ran."""
import csv
import datetime
import os
import pathlib
import platform
import re
import resource
import subprocess
import sys
import time

# From here on the figures are worth little; as RW_DISTURBED in rw_machine.h.
DISTURBED = 0.1

# The packages whose version decides what the peers are.
PEERS = {"nsync": "libnsync-dev", "Abseil": "libabsl-dev", "Boost": "libboost-dev",
         "GLib": "libglib2.0-dev", "parking_lot": "librust-parking-lot-dev",
         "APR": "libapr1-dev", "Python fasteners": "python3-fasteners",
         "filelock": "python3-filelock", "portalocker": "python3-portalocker"}


def first_line(*command):
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return said.split("\n")[0].strip()


def processor():
    try:
        names = re.findall(r"^model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def peers():
    """The versions of the packages, without what a distribution adds to them."""
    for name, package in PEERS.items():
        version = first_line("dpkg-query", "--showformat=${Version}", "--show", package)
        if version:
            yield f"{name} {re.split(r'[+-]', version.split(':')[-1])[0]}"


def compilers():
    names = [first_line(os.environ.get("CC", "cc"), "--version"), first_line("rustc", "--version")]
    return ", ".join(name for name in names if name)


def facts(command):
    return {
        "Command": command,
        "Date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "Processor": f"{os.cpu_count()} x {processor()}",
        "System": f"{platform.system()} {platform.release()}",
        "C library": (os.confstr("CS_GNU_LIBC_VERSION") or "unknown"),
        "Compilers": compilers(),
        "Peers": ", ".join(peers()),
        "Load average before": f"{os.getloadavg()[0]:.2f}",
    }


def add(path, rows):
    """Adds names and values to machine.csv."""
    new = not pathlib.Path(path).exists()
    with open(path, "a", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("name", "value")] * new + list(rows))


def busy_s():
    """Busy time of all processors since the system began; None if unknown."""
    try:
        fields = pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def own_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def watch(path, name, command):
    """Runs the command and notes how long it took and how much of the processors others had."""
    begun, busy, own = time.monotonic(), busy_s(), own_s()
    status = subprocess.run(command, check=False).returncode
    wall = time.monotonic() - begun
    said = f"{wall:.0f} s"
    if busy is not None:
        others = max(0, (busy_s() - busy) - (own_s() - own)) / (wall * os.cpu_count())
        said += f", others had {100 * others:.0f} % of the processors"
        if others > DISTURBED:
            print(f"Disturbed: {said}", file=sys.stderr)
    add(path, [(name, said)])
    return status
