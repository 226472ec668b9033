#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Within another project there is the library and nothing else of ours: no install rules, no tests,
# no options of the outer project's, no warnings turned into errors.
source "$(dirname "$0")/prelude.sh"

check() {
    local outer=$WORK/$1
    configure "$SOURCE_DIR/tests/package/subproject" "$outer" -DFASTENERS_SOURCE="$SOURCE_DIR" \
        -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "${@:2}"
    build "$outer"
    for program in outer outer_static; do
        "$outer/$program" "$WORK/outer.lock" || fail "$program exits with $?"
    done

    "$CMAKE" --install "$outer" --prefix "$outer.prefix" >/dev/null
    same "nothing of ours is installed" share/outer/CMakeLists.txt "$(files_below "$outer.prefix")"
    same "no test of ours is added" "  Test #1: outer" \
        "$("$CTEST" --test-dir "$outer" -N | grep 'Test *#')"
    ! grep -q -e -Werror "$outer/compile_commands.json" || fail "warnings of ours are errors"
}

check static
same "the kind of library is not ours to choose" "" \
    "$(grep BUILD_SHARED_LIBS "$WORK/static/CMakeCache.txt" || true)"
[ -e "$WORK/static/fasteners/src/libfasteners.a" ] || fail "CMake's default is not kept"

check shared -DBUILD_SHARED_LIBS=ON
[ -e "$WORK/shared/fasteners/src/libfasteners.so" ] || fail "BUILD_SHARED_LIBS is not heeded"
