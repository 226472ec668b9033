#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The pieces of CMake in docs/installing.md do in a project what they are there for.
source "$(dirname "$0")/prelude.sh"

awk -v work="$WORK" '
    /^```/ { block = /^```cmake$/ ? work "/" ++number ".cmake" : "" ; next }
    block { print >block }
' "$SOURCE_DIR/docs/installing.md"
pieces=$(cd "$WORK" && echo *.cmake)
same "the pieces" "1.cmake 2.cmake 3.cmake" "$pieces"

ln -s "$SOURCE_DIR" "$WORK/libfasteners"
cp "$SOURCE_DIR/tests/package/consumer/consumer.c" "$WORK/demo.c"
for piece in $pieces; do
    cat >"$WORK/CMakeLists.txt" - "$WORK/$piece" <<'END'
cmake_minimum_required(VERSION 3.21)
project(demo LANGUAGES C)
add_executable(demo demo.c)
END
    # Fetching has a test of its own.
    configure "$WORK" "$WORK/build-$piece" -DCMAKE_PREFIX_PATH="$PREFIX" \
        -DFETCHCONTENT_SOURCE_DIR_FASTENERS="$SOURCE_DIR" || fail "$(cat "$WORK/$piece")"
done
