#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# abi.sh dump LIBRARY OUTPUT: writes down the interface of a shared library that has debug
# information, such that the same interface reads the same on every machine.
# abi.sh compare OLD NEW: two such files. Prints "same", "compatible" (programs that were built with
# the old one work with the new one) or "incompatible", and then the differences.
set -euo pipefail

here=$(dirname "$0")

dump() {
    abidw --suppressions "$here/public.abignore" --exported-interfaces-only --no-elf-needed \
        --no-corpus-path --no-comp-dir-path --no-show-locs --no-parameter-names \
        --type-id-style hash "$1" | sed "s, path='[^']*/, path='," >"$2"
}

# Sets `found` to the differences between `old` and `new`; empty if there are none.
differences() {
    local status=0
    found=$(abidiff --no-show-locs "$@" "$old" "$new") || status=$?
    # The bits 1 and 2 are errors, 4 and 8 changes.
    (((status & 3) == 0)) || { echo "$found" >&2 && exit 2; }
    ((status != 0)) || found=''
}

compare() {
    local old=$1 new=$2 found all
    differences --harmless
    all=$found
    differences --no-added-syms --suppressions "$here/compatible.abignore"
    if [ -z "$all" ]; then
        echo same
    # libabigail's "end" begins where the last member does: who is put before it is found here.
    elif [ -z "$found" ] && ! grep -qE 'data member (change|deletion)' <<<"$all"; then
        printf 'compatible\n%s\n' "$all"
    else
        printf 'incompatible\n%s\n' "$all"
    fi
}

"$@"
