#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The shared library exports what src/fasteners.map names, which is what the headers declare.
source "$(dirname "$0")/prelude.sh"
need nm readelf

library=$PREFIX/$LIBDIR/libfasteners.so

# Each line "name@@node".
named=$(awk '/^[A-Z]/ { node = $1 } / fasteners_/ { sub(";", "", $1); print $1 "@@" node }' \
    "$SOURCE_DIR/src/fasteners.map" | LC_ALL=C sort)
exported=$(nm -D --defined-only --with-symbol-versions "$library" | awk '$2 != "A" { print $3 }' |
    LC_ALL=C sort)
declared=$(cat "$PREFIX"/include/fasteners.h "$PREFIX"/include/fasteners/*.h |
    tr '\n' ' ' | grep -oE 'FASTENERS_API [^;(]*\(' | grep -oE 'fasteners_[a-z_]+\($' |
    tr -d '(' | LC_ALL=C sort)

[ -n "$named" ] || fail "no names in the version map"
same "exported symbols" "$named" "$exported"
same "declared functions" "$(sed 's,@@.*,,' <<<"$named")" "$declared"

# DW.ref... is the compiler's own reference to the unwinder: weak, hidden, no name of C.
foreign=$(nm --defined-only -g "$PREFIX/$LIBDIR/libfasteners.a" |
    awk 'NF == 3 && $3 !~ /^(fasteners|fst)_/ && !($2 == "V" && $3 ~ /^DW\.ref\./) { print $3 }')
same "the static library defines no other names than fasteners_* and fst_*" "" "$foreign"

dynamic=$(readelf -d "$library")
grep -q 'SONAME.*\[libfasteners\.so\.1\]' <<<"$dynamic" || fail "the soname is wrong: $dynamic"
grep -q NODELETE <<<"$dynamic" || fail "dlclose may unload the library: $dynamic"
