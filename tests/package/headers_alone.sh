#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, as C and as C++, old and new; those of C++ need C++17.
source "$(dirname "$0")/prelude.sh"

strict='-Wall -Wextra -Wpedantic -Wundef -Werror'

# check STANDARD COMPILER SUFFIX HEADERS: a pattern
check() {
    local standard=$1 header
    for header in $(files_below "$PREFIX/include" | grep -E "$4"); do
        printf '#include <%s>\nextern int alone;\n' "$header" >"$WORK/alone.$3"
        "$2" -std="$standard" $strict -I"$PREFIX/include" -fsyntax-only "$WORK/alone.$3" ||
            fail "$header alone as $standard"
    done
}

for standard in c99 c11 c17; do
    check $standard "$CC" c '\.h$'
done
[ -n "$CXX" ] || skip "C is fine; there is no C++ compiler"
check c++11 "$CXX" cpp '\.h$'
for standard in c++17 c++20; do
    check $standard "$CXX" cpp '\.(h|hpp)$'
done
