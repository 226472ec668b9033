#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cmocka.sh DIRECTORY: makes DIRECTORY/lib/libcmocka.a for Windows, and DIRECTORY/include/cmocka.h,
# from the distribution's source package. Does nothing if they are there.
set -euo pipefail

directory=$1
[ ! -f "$directory/lib/libcmocka.a" ] || exit 0

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

# One file is all of it. Its own build expects a Windows with Microsoft's compiler.
source=$(echo "$work"/source/cmocka-*/src)
mkdir -p "$directory/lib" "$directory/include"
x86_64-w64-mingw32-gcc -O2 -g -std=gnu99 -DHAVE_GCC_THREAD_LOCAL_STORAGE \
    -I "$source/../include" -c "$source/cmocka.c" -o "$work/cmocka.o"
x86_64-w64-mingw32-ar rcs "$work/libcmocka.a" "$work/cmocka.o"
cp "$source/../include/cmocka.h" "$directory/include/"
mv "$work/libcmocka.a" "$directory/lib/"
