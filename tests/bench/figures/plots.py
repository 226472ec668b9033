# SPDX-License-Identifier: Apache-2.0
"""Draws a run: each plot is a small gnuplot script NAME.gp, what is here gives it the data."""
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import labels
from peers import BLOCKING, EXCLUSIVE, SHARED, is_ours
from stored import percentile
from tables import number
from thread_tables import readers_alone, reads

WIDTH = 700  # pixels of a plot between its margins, about
HERE = pathlib.Path(__file__).parent
STATIC = "fasteners-static"
# The rest is drawn in grey. Colours that the colour-blind tell apart.
BLUE, LIGHT_BLUE, ORANGE, GREEN, GREY, DARK_GREY = (
    0x0072B2, 0x3D8FC6, 0xC75000, 0x007A5A, 0x9A9A9A, 0x606060)
COLOURS = {"fasteners": BLUE, STATIC: LIGHT_BLUE, "pthread": ORANGE, "parking-lot": GREEN,
           "ours": BLUE, "ours-fair": LIGHT_BLUE, "ours-rw": LIGHT_BLUE, "ours-rw-writers": BLUE,
           "python-fasteners": ORANGE, "python-fasteners-rw": ORANGE}
# Without those that would hide the C library's lock, or are far from all others.
LINES = [peer for peer in BLOCKING if peer not in ("pthread-writer", "std", "boost")]


def colour(peer):
    return COLOURS.get(peer, GREY)


def weight(peer):
    return (peer in COLOURS) + is_emphasised(peer)


def is_emphasised(peer):
    return peer in COLOURS and is_ours(peer)


def in_order(peers):
    """What is drawn last lies on top."""
    return sorted(peers, key=lambda peer: (weight(peer), colour(peer) == BLUE))


def text_colour(peer):
    return COLOURS.get(peer, DARK_GREY)


def write_blocks(path, blocks):
    """Blocks of rows, as `index` in gnuplot counts them."""
    path.write_text("\n\n\n".join("\n".join(" ".join(str(cell) for cell in row) for row in block)
                                  for block in blocks) + "\n")


def write_labels(path, rows):
    """x, y, colour, whether bold, text"""
    write_blocks(path, [[(x, y, text_colour(peer), int(is_emphasised(peer)), f'"{text}"')
                         for x, y, peer, text in rows]])


def round_out(values):
    """A range of a logarithmic axis that has room for the values."""
    return min(values) / 1.25, max(values) * 1.25


def write_curves(path, order, points):
    """The points of each peer, and for the script: the colours of the curves, and how many of them
    are grey, coloured, and ours."""
    write_blocks(path, [points[peer] for peer in order])
    names = ("greys", "rivals", "ours")
    said = {name: sum(weight(peer) == rank for peer in order) for rank, name in enumerate(names)}
    return said | {"colours": "'" + " ".join(f"#{colour(peer):06x}" for peer in order) + "'"}


def write_lines(folder, curves, titles, end, beside):
    """Curves (peer: points), their names at x = beside, with a line from where they end."""
    curves = {peer: points for peer, points in curves.items() if points}
    order = in_order(curves)
    low, high = round_out([y for points in curves.values() for _x, y in points])
    said = write_curves(folder / "lines.dat", order, curves)
    ends = [math.log(curves[peer][-1][1]) for peer in order]
    gap = 0.053 * math.log(high / low)
    places = labels.spread(ends, gap, math.log(low) + gap / 2, math.log(high) - gap / 2)
    write_labels(folder / "labels.dat", [(beside, math.exp(place), peer, titles[peer])
                                         for place, peer in zip(places, order)])
    write_blocks(folder / "leaders.dat",
                 [[(end, math.exp(at), colour(peer)), (beside, math.exp(place), colour(peer))]
                  for at, place, peer in zip(ends, places, order)])
    return said | {"low": low, "high": high, "beside": beside}


def read_scaling(run, folder):
    """Pairs of all threads in a microsecond, by the number of threads."""
    threads = sorted(readers_alone(run))
    curves = {peer: [(count, value) for count in threads if (value := reads(run, count, peer))]
              for peer in LINES}
    said = write_lines(folder, curves, BLOCKING, threads[-1], threads[-1] * 1.06)
    return said | {"processors": int(run.machine["Processor"].split()[0])}


def write_share(run, folder):
    """Pairs of two threads in a microsecond, by the share of writes."""
    shares = [name for name in run.columns("threads", "pairs") if name.startswith("2T-")]
    curves = {}
    for peer, bench in [(peer, "threads") for peer in LINES] + [(STATIC, "threads-static")]:
        name = "fasteners" if peer == STATIC else peer
        curves[peer] = [(place, 1e3 / ns) for place, share in enumerate(shares)
                        if (ns := run.middle(bench, "pairs", share, name))]
    titles = BLOCKING | {STATIC: "libfasteners.a"}
    last = len(shares) - 1
    said = write_lines(folder, curves, titles, last, last + 0.12)
    tics = ", ".join(f"'{share[3:-1]} %%' {place}" for place, share in enumerate(shares))
    return said | {"tics": f"set xtics ({tics})"}


def steps(values):
    """The share of the values, in percent, that are at most so big; few enough for a small file."""
    count = min(len(values), 100)
    for step in range(count):
        value = percentile(values, 100 * (step + 1) / count)
        yield value, 100 * step / count
        yield value, 100 * (step + 1) / count


def hand_off(run, folder):
    """How many of the hand-offs took at most so long; the names above the curves."""
    waits = {peer: sorted(run.numbers("processes", "handoff", "handoff_us", peer))
             for peer in EXCLUSIVE}
    order = in_order(peer for peer in waits if waits[peer])
    said = write_curves(folder / "curves.dat", order,
                        {peer: list(steps(waits[peer])) for peer in order})
    tops = [percentile(waits[peer], 90) for peer in order]
    texts = [EXCLUSIVE[peer] for peer in order]
    low = min(waits[peer][0] for peer in order) / 1.3
    # Long enough for the last value, and for the last name to have its place.
    span = max([math.log(max(waits[peer][-1] for peer in order) / low)] +
               [math.log(top / low) / (1 - labels.LETTER * (len(text) + 1) / WIDTH)
                for top, text in zip(tops, texts)])
    rows = labels.rows([math.log(top / low) / span * WIDTH for top in tops], texts)
    heights = [107 + 7 * row for row in rows]
    write_labels(folder / "labels.dat", list(zip(tops, heights, order, texts)))
    write_blocks(folder / "leaders.dat", [[(top, 90, colour(peer)), (top, height, colour(peer))]
                                          for top, height, peer in zip(tops, heights, order)])
    return said | {"low": low, "high": low * math.exp(span), "top": max(heights) + 4}


def write_ranges(path, ranges, titles):
    """A line for each peer, the one with the least longest wait on top: p50, p99, longest."""
    ranges = {peer: values for peer, values in ranges.items() if None not in values}
    order = sorted(ranges, key=lambda peer: ranges[peer][::-1], reverse=True)
    write_blocks(path, [[(place, *ranges[peer], colour(peer), int(is_emphasised(peer)),
                          f'"{titles[peer]}"', f'"{in_words(ranges[peer][-1])}"',
                          text_colour(peer))
                         for place, peer in enumerate(order)]])
    every = [value for values in ranges.values() for value in values]
    return len(order), min(every), max(every)


def in_words(us):
    """A time with its unit."""
    for size, unit in ((1e6, "s"), (1e3, "ms"), (1, "µs")):
        if us >= size:
            return f"{number(us / size)} {unit}"
    return f"{number(us * 1e3)} ns"


def writer_wait(run, folder):
    def between_threads(peer):
        return [run.at(percent, "threads", "waits", "W/8R", peer, value)
                for value, percent in (("p50", 50), ("p99", 50), ("max", 100))]

    def between_processes(peer):
        waits = run.numbers("processes", "rw-writer", "rw_writer_wait_ms", peer)
        return [1e3 * run.at(percent, "processes", "rw-writer", "rw_writer_wait_ms", peer)
                if waits else None for percent in (50, 99, 100)]

    threads = write_ranges(folder / "threads.dat",
                           {peer: between_threads(peer) for peer in BLOCKING}, BLOCKING)
    processes = write_ranges(folder / "processes.dat",
                             {peer: between_processes(peer) for peer in SHARED}, SHARED)
    return {"threads": threads[0], "processes": processes[0],
            "low": min(threads[1], processes[1]), "high": max(threads[2], processes[2])}


def hog(run, folder):
    waits = {peer: run.at(100, "processes", "hog", "hog_longest_ms", peer) for peer in EXCLUSIVE}
    bars = {peer: [1, 1, 1e3 * wait] for peer, wait in waits.items() if wait}
    count, _low, high = write_ranges(folder / "longest.dat", bars, EXCLUSIVE)
    return {"count": count, "high": high}


# What gnuplot does not do: fonts to fall back on, bold ones; and titles that nobody asked for.
TOUCHES = ((r'font-family="sans-serif:Bold"', r'font-family="sans-serif" font-weight="bold"'),
           (r'font-family="sans-serif"', r'font-family="Helvetica, Arial, sans-serif"'),
           (r"<(title|desc)>.*</\1>\n?", ""))
PLOTS = (read_scaling, write_share, hand_off, writer_wait, hog)


def mark(run, name):
    """Says of which run a plot is, and by which script."""
    return f"<!-- {name}.gp, run {run.digest()} -->\n"


def draw_one(run, plot, folder):
    name = plot.__name__
    with tempfile.TemporaryDirectory() as data:
        settings = plot(run, pathlib.Path(data))
        text = "".join(f"{key} = {value}\n" for key, value in settings.items() if key != "tics")
        text += f"here = '{HERE}'\n"
        (pathlib.Path(data) / "settings.gp").write_text(text + settings.get("tics", "") + "\n")
        drawn = subprocess.run(["gnuplot", HERE / "common.gp", HERE / f"{name}.gp"], cwd=data,
                               check=True, stdout=subprocess.PIPE, text=True,
                               env=os.environ | {"LC_ALL": "C.UTF-8"}).stdout
    for pattern, text in TOUCHES:
        drawn = re.sub(pattern, text, drawn)
    (folder / f"{name}.svg").write_text(drawn + mark(run, name))


def draw(run, folder):
    if not shutil.which("gnuplot"):
        print("there is no gnuplot (gnuplot-nox): the plots are not drawn", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    for plot in PLOTS:
        draw_one(run, plot, folder)
    return 0


def strangers(run, folder):
    """The plots that do not show this run."""
    for plot in PLOTS:
        path = pathlib.Path(folder) / f"{plot.__name__}.svg"
        if not path.exists() or not path.read_text().endswith(mark(run, plot.__name__)):
            yield path
