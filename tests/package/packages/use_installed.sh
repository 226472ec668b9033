#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# use_installed.sh FOLDER CC: installs FOLDER/*.deb in this very system, uses the library as
# anybody would, and removes it. Nothing of it stays, also if that fails.
set -euo pipefail
unset TMPDIR LD_LIBRARY_PATH PKG_CONFIG_PATH PKG_CONFIG_LIBDIR CPATH LIBRARY_PATH
export PATH=$PATH:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive

folder=$1 cc=$2
work=$(mktemp -d)
packages=$(for file in "$folder"/*.deb; do dpkg-deb -f "$file" Package; done)
files=''

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# Of the list `files`, what is there.
present() {
    while read -r file; do
        [ ! -e "$file" ] && [ ! -L "$file" ] || echo "$file"
    done <<<"$files"
}

clean_up() {
    dpkg --purge $packages >/dev/null 2>&1 || true
    rm -rf "$work"
}

if pkg-config --exists fasteners || dpkg-query -W $packages >/dev/null 2>&1; then
    echo "skipped: the library is installed here"
    exit 77
fi
files=$(for file in "$folder"/*.deb; do
    dpkg-deb --fsys-tarfile "$file" | tar -t | sed -e 's,^\.,,' -e 's,/$,,'
done | sort -u)
before=$(present)
trap clean_up EXIT

dpkg --install "$folder"/*.deb
flags=$(pkg-config --cflags --libs fasteners)
[ "$(tr -d ' ' <<<"$flags")" = -lfasteners ] || fail "pkg-config says $flags"
"$cc" -Wall -Wextra -Werror "$folder/consumer.c" -o "$work/consumer" $flags
"$work/consumer" "$work/consumer.lock" || fail "the program exits with $?"
! dpkg --purge libfasteners1 2>/dev/null || fail "the library goes though its headers need it"

dpkg --purge $packages
[ "$(present)" = "$before" ] || fail "these stay: $(diff <(echo "$before") <(present))"
! dpkg-query -W $packages >/dev/null 2>&1 || fail "dpkg still knows the packages"
! ldconfig -p | grep fasteners || fail "the loader still knows the library"
! "$work/consumer" "$work/consumer.lock" 2>/dev/null || fail "the program still finds the library"
