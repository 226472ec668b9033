# SPDX-License-Identifier: Apache-2.0
"""Where the names in a plot stand, so that none lies upon another."""

LETTER = 7.4  # pixels, about, of the plots' font


def spread(wanted, gap, low, high):
    """Places near those that are wanted, at least a gap from each other, between low and high."""
    clusters = []  # of neighbours at the least distance: the middle that is wanted, who
    for index in sorted(range(len(wanted)), key=wanted.__getitem__):
        clusters.append((wanted[index], [index]))
        while True:
            middle, members = clusters[-1]
            half = gap * (len(members) - 1) / 2
            clusters[-1] = (min(max(middle, low + half), high - half), members)
            if len(clusters) < 2 or not overlap(*clusters[-2:], gap):
                break
            right, left = clusters.pop(), clusters.pop()
            both = left[1] + right[1]
            clusters.append((sum(wanted[member] for member in both) / len(both), both))
    places = [0.0] * len(wanted)
    for middle, members in clusters:
        for rank, member in enumerate(members):
            places[member] = middle + gap * (rank - (len(members) - 1) / 2)
    return places


def overlap(left, right, gap):
    reach = gap * (len(left[1]) + len(right[1])) / 2
    return right[0] - left[0] < reach - 1e-9


def rows(places, texts):
    """Rows (0 is the lowest) for names that begin at these pixels, each above its place and with a
    line down to it: the further left, the higher, so that no line meets a name."""
    found = [0] * len(places)
    done = []
    for index in sorted(range(len(places)), key=places.__getitem__, reverse=True):
        end = places[index] + LETTER * (len(texts[index]) + 1)
        found[index] = 1 + max((found[one] for one in done if places[one] < end), default=-1)
        done.append(index)
    return found
