#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cmocka.sh DIRECTORY: has the source of cmocka in DIRECTORY, from the distribution's source
# package: for the systems that the distribution has no cmocka for. Does nothing if it is there.
set -euo pipefail

directory=$1
[ ! -f "$directory/src/cmocka.c" ] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The machine's own package sources, with source packages instead of programs, and nothing of apt's
# own state changed.
mkdir -p "$work/apt/sources.list.d" "$work/lists/partial" "$work/source"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ -f "$file" ] || continue
    sed -E 's/^deb[[:space:]]/deb-src /; s/^Types:.*/Types: deb-src/' "$file" \
        >"$work/apt/${file#/etc/apt/}"
done
apt_options=(-qq
    -o "Dir::Etc::SourceList=$work/apt/sources.list"
    -o "Dir::Etc::SourceParts=$work/apt/sources.list.d"
    -o "Dir::State::Lists=$work/lists"
    -o APT::Sandbox::User=root)

# A source without source packages (some third party's) does not matter.
apt-get "${apt_options[@]}" update >/dev/null 2>&1 </dev/null || true
(cd "$work/source" && apt-get "${apt_options[@]}" source --download-only cmocka </dev/null)
tar -xf "$(find "$work/source" -name 'cmocka_*.orig.tar.*' ! -name '*.asc')" -C "$work/source"
mkdir -p "$(dirname "$directory")"
rm -rf "$directory"
mv "$work"/source/cmocka-*/ "$directory"
