#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A program is linked completely static with what `pkg-config --static` says.
source "$(dirname "$0")/prelude.sh"
need pkg-config readelf

echo 'int main(void) { return 0; }' >"$WORK/empty.c"
"$CC" -static "$WORK/empty.c" -o "$WORK/empty" 2>/dev/null || skip "there is no static C library"

"$CC" -static "$SOURCE_DIR/tests/package/consumer/consumer.c" -o "$WORK/consumer" \
    $(pkg_config "$PREFIX" --static --cflags --libs)
same "nothing is linked dynamically" "" "$(readelf -d "$WORK/consumer" | grep NEEDED || true)"
grep -qw -e -pthread <<<"$(pkg_config "$PREFIX" --static --libs)" ||
    fail "C libraries with threads in a library of their own are forgotten"
"$WORK/consumer" "$WORK/consumer.lock" || fail "the program exits with $?"
