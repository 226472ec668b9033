# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of this folder. From ctest they have in the environment:
#   SOURCE_DIR BUILD_DIR    of the project
#   PREFIX                  an installed copy of it (fixture "installed"); look, do not touch
#   LIBDIR                  the library folder below a prefix
#   PACKAGES                what cpack has made (fixture "packages"), and build/, its build
#   CMAKE CC CXX            tools; CXX is empty if there is none
#   WORK                    a folder of the test's own; it is made anew here
set -euo pipefail

EXIT_SKIPPED=77

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

skip() {
    echo "skipped: $*"
    exit $EXIT_SKIPPED
}

need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || skip "there is no $tool"
    done
}

need_cxx() {
    [ -n "$CXX" ] || skip "there is no C++ compiler"
}

# same WHAT EXPECTED ACTUAL: two texts are equal.
same() {
    diff <(echo "$2") <(echo "$3") || fail "$1 (< expected, > found)"
}

# The files and links below a folder, by their path in it, sorted.
files_below() {
    (cd "$1" && find . ! -type d | sed 's,^\./,,' | LC_ALL=C sort)
}

# pkg_config PREFIX ARGUMENT...: as for a user who has nothing but the copy in PREFIX.
pkg_config() {
    PKG_CONFIG_LIBDIR=$1/$LIBDIR/pkgconfig PKG_CONFIG_PATH='' pkg-config "${@:2}" fasteners
}

# runs PREFIX PROGRAM: the program works with the shared library in PREFIX.
runs() {
    LD_LIBRARY_PATH=$1/$LIBDIR "$2" "$WORK/consumer.lock" || fail "$2 exits with $?"
}

# configure SOURCE BUILD ARGUMENT...: cmake, with the compilers under test; quiet.
configure() {
    local log=$2.log
    "$CMAKE" -S "$1" -B "$2" -G "$GENERATOR" -DCMAKE_C_COMPILER="$CC" \
        ${CXX:+-DCMAKE_CXX_COMPILER="$CXX"} --no-warn-unused-cli "${@:3}" >"$log" 2>&1 ||
        { cat "$log"; return 1; }
}

build() {
    "$CMAKE" --build "$1" >"$1.build.log" 2>&1 || { cat "$1.build.log"; return 1; }
}

rm -rf "$WORK"
mkdir -p "$WORK"
