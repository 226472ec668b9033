# SPDX-License-Identifier: Apache-2.0
"""The tables within a document: each stands between `<!-- measured: NAME -->` and `<!-- end -->`,
and belongs to what makes it. What stands around them is written by hand."""
import re

import process_tables
import thread_tables
from tables import table

PLACE = re.compile(r"(<!-- measured: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def machine(run):
    rows = []
    for name, value in run.machine.items():
        if name == "Command":
            value = f"`{value}`"
        rows.append([f"`{name}`" if "_bench" in name else name, value])
    return table(["", ""], rows)


TABLES = {"machine": machine, **thread_tables.TABLES, **process_tables.TABLES}


class Unknown(Exception):
    """A document and the tables do not go together."""


def renewed(text, run):
    """The document with the tables of this run."""
    names = [place[2] for place in PLACE.finditer(text)]
    if sorted(names) != sorted(TABLES) or text.count("<!-- measured:") != len(names):
        odd = sorted(set(names) ^ set(TABLES)) or "one of them twice, or without an end"
        raise Unknown(f"the document's tables and those that there are differ: {odd}")
    made = {name: "\n".join(TABLES[name](run)) for name in names}
    return PLACE.sub(lambda place: f"{place[1]}{made[place[2]]}\n{place[3]}", text)
