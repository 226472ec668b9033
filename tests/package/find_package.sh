#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# find_package.sh C|CXX: a CMake project of that one language finds the installed library, shared
# and static.
source "$(dirname "$0")/prelude.sh"
need readelf

language=$1
[ "$language" = C ] || need_cxx

configure "$SOURCE_DIR/tests/package/consumer" "$WORK/build" -DCMAKE_PREFIX_PATH="$PREFIX" \
    -DWANTED_VERSION=1.0 -DCONSUMER_LANGUAGE="$language"
build "$WORK/build"

programs='fasteners static'
[ "$language" = C ] || programs+=' hpp'
for program in $programs; do
    "$WORK/build/consumer_$program" "$WORK/consumer.lock" || fail "consumer_$program exits with $?"
done
needed() {
    readelf -d "$WORK/build/consumer_$1" | sed -n 's/.*(NEEDED).*\[\(libfasteners.*\)\]/\1/p'
}
same "fasteners::fasteners is the shared library" libfasteners.so.1 "$(needed fasteners)"
same "fasteners::static is the static library" "" "$(needed static)"
