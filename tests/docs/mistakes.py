# SPDX-License-Identifier: Apache-2.0
"""mistakes.py: what blocks.py must refuse, and what it must take. Environment: as there."""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
WORK = pathlib.Path(os.environ["WORK"])

GOOD = "```c\n#include <stdio.h>\nint main(void)\n{\n    puts(\"one\");\n}\n```\n"

# Name, document, and what has to be said of it, at which line; None: nothing is wrong.
CASES = [
    ("good", GOOD, None),
    ("good_output", GOOD + "\nprints:\n\n```\none\n```\n", None),
    ("good_both", GOOD + GOOD + "\nboth print:\n\n```\none\n```\n", None),
    ("other_output", GOOD + "\nprints:\n\n```\ntwo\n```\n", ":12: not what the block at line 2"),
    ("other_of_both", GOOD + GOOD.replace("one", "two") + "Both print:\n```\none\n```\n",
     ":17: not what the block at line 9"),
    ("syntax", GOOD.replace(";", ""), ":5:"),
    ("warning", GOOD.replace("puts", "unsigned u = -1; (void)u; puts"), ":5:.*conversion"),
    ("no_such_function", GOOD.replace("puts", "fasteners_no_such"), ":5:.*fasteners_no_such"),
    ("status", GOOD.replace(");", "); return 3;"), ":2: ends with status 3"),
    ("signal", GOOD.replace("puts", "__builtin_trap(); puts"), ":2: ends with status -"),
    ("error_output", GOOD.replace("puts(", "fprintf(stderr, "), ":2: ends with status 0"),
    ("no_main", GOOD.replace("main", "other"), ":2: is no program"),
    ("no_inside", "<!-- inside nowhere -->\n" + GOOD, ":3: there is no .*inside/nowhere.c"),
    ("no_end", GOOD[:-4], ":2: the block has no end"),
    ("python", "```python\nimport fasteners\nprint(1)\n```\nprints:\n```\n2\n```\n",
     ":7: not what the block at line 2"),
    ("python_raises", "```python\nimport fasteners\n1 / 0\n```\n", "line 3, in"),
]


def answer(name, text):
    document = WORK / f"{name}.md"
    document.write_text(text)
    done = subprocess.run([sys.executable, HERE / "blocks.py", document],
                          env={**os.environ, "WORK": str(WORK / name)},
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    failures = 0
    for name, text, expected in CASES:
        status, said = answer(name, text)
        if name.startswith("python") and status == 77:
            continue
        good = status == 0 if expected is None else status == 1 and re.search(expected, said)
        if not good:
            failures += 1
            print(f"{name}: status {status}, expected {expected!r}\n{said}")
    print(f"{len(CASES)} cases, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
