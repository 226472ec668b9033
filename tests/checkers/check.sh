#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# check.sh tsan COMPILER: the programs of this folder, built with -fsanitize=thread, upon an
#                         ordinary build of the library, shared and static.
# check.sh helgrind|drd:  the same, uninstrumented, under that tool of valgrind.
#
# guarded must end well and without a report, each scenario of races must be reported.
#
# From ctest it has in the environment:
#   INCLUDE LIBRARIES   the library's headers; its files, separated by spaces
#   BIN                 where the uninstrumented programs are
#   HAS_VALGRIND        whether the library was built with valgrind's headers
#   WORK                a folder of the test's own; it is made anew here
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
EXIT_SKIPPED=77
EXIT_REPORTED=99

fail() {
    cat "$WORK/log" >&2
    echo "FAILED: $*" >&2
    exit 1
}

skip() {
    echo "skipped: $*"
    exit $EXIT_SKIPPED
}

# check PREFIX COMMAND...: both programs, whose names begin with PREFIX.
check() {
    local prefix=$1 scenario scenarios status
    shift
    "$@" "${prefix}guarded" >"$WORK/log" 2>&1 || fail "guarded exits with $?"
    scenarios=$("$@" "${prefix}races" 2>"$WORK/log") && [ -n "$scenarios" ] || fail "no races"
    for scenario in $scenarios; do
        status=0
        "$@" "${prefix}races" "$scenario" >"$WORK/log" 2>&1 || status=$?
        [ $status -eq $EXIT_REPORTED ] || fail "$scenario exits with $status: not reported"
        grep -q seeded_race "$WORK/log" || fail "$scenario: something else is reported"
    done
}

# Some kernels lay addresses out in a way that ThreadSanitizer does not expect.
plain_addresses() {
    if setarch "$(uname -m)" --addr-no-randomize true 2>/dev/null; then
        setarch "$(uname -m)" --addr-no-randomize "$@"
    else
        "$@"
    fi
}

watched_by_tsan() {
    plain_addresses env TSAN_OPTIONS=exitcode=$EXIT_REPORTED "$@"
}

check_with_tsan() {
    local compiler=$1 library program
    command -v "$compiler" >/dev/null || skip "there is no $compiler"
    instrument() {
        "$compiler" -std=gnu11 -g -O1 -fsanitize=thread -I"$INCLUDE" "$@" -pthread
    }
    echo 'int main(void) { return 0; }' >"$WORK/empty.c"
    { instrument "$WORK/empty.c" -o "$WORK/empty" && watched_by_tsan "$WORK/empty"; } \
        >"$WORK/log" 2>&1 || skip "-fsanitize=thread does not work with $compiler here"
    for library in $LIBRARIES; do
        for program in guarded races; do
            instrument "$here/$program.c" "$library" -Wl,-rpath,"$(dirname "$library")" \
                -o "$WORK/$program"
        done
        check "$WORK/" watched_by_tsan
    done
}

check_with_valgrind() {
    command -v valgrind >/dev/null || skip "there is no valgrind"
    [ "$HAS_VALGRIND" = 1 ] || skip "the library was built without valgrind's headers"
    valgrind --tool=none "$BIN/checkers_races" >"$WORK/log" 2>&1 ||
        skip "valgrind cannot read what this compiler writes"
    check "$BIN/checkers_" valgrind --tool="$1" --suppressions="$here/glibc.supp" \
        --error-exitcode=$EXIT_REPORTED
}

rm -rf "$WORK"
mkdir -p "$WORK"
case $1 in
tsan) check_with_tsan "$2" ;;
*) check_with_valgrind "$1" ;;
esac
