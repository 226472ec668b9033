# SPDX-License-Identifier: Apache-2.0
# The legs of tests/run, and how what they need gets onto this machine.
# shellcheck disable=SC2034 # what is set here is used there

# A row: the leg, which is a preset, and what it needs beside the tools that all need. A need is a
# command or a file, with "=" and packages if those are called otherwise; "cmocka" is its source.
LEGS=(
    "dev         clang-format clang-tidy codespell cppcheck reuse shellcheck spin
                 valgrind=valgrind,libc6-dbg bindfs mkfs.xfs=xfsprogs doxygen mandoc git lintian
                 dpkg-shlibdeps=dpkg-dev abidw=abigail-tools"
    "release     valgrind=valgrind,libc6-dbg"
    "portable"
    "clang       clang=clang,libclang-rt-14-dev"
    "asan-ubsan"
    "tsan"
    "valgrind    valgrind=valgrind,libc6-dbg"
    "musl        musl-gcc=musl-tools cmocka"
    "m32         /usr/lib/gcc/x86_64-linux-gnu/12/32/libgcc.a=gcc-12-multilib cmocka"
    "aarch64     aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu,libc6-dev-arm64-cross
                 qemu-aarch64=qemu-user cmocka"
    "s390x       s390x-linux-gnu-gcc=gcc-s390x-linux-gnu,libc6-dev-s390x-cross
                 qemu-s390x=qemu-user cmocka"
    "windows     x86_64-w64-mingw32-gcc=gcc-mingw-w64-x86-64-win32
                 x86_64-w64-mingw32-g++=g++-mingw-w64-x86-64-win32
                 clang wineserver=wine,wine64 cmocka"
    "syntax      clang musl-gcc=musl-tools"
    "coverage    gcovr"
)

ALL_LEGS=()
declare -A NEEDS
for row in "${LEGS[@]}"; do
    read -r -d '' -a words <<<"$row" || true
    ALL_LEGS+=("${words[0]}")
    NEEDS[${words[0]}]=${words[*]:1}
done
# These rules are among the tests of dev.
NEEDS[lint]="clang-format clang-tidy codespell cppcheck reuse shellcheck"

has() {
    command -v "$1" >/dev/null 2>&1
}

# Prints the packages that every leg needs and this machine lacks.
missing_tools() {
    has cc || echo build-essential
    has c++ || echo build-essential
    has cmake || echo cmake
    has ninja || echo ninja-build
    has pkg-config || echo pkg-config
    { has pkg-config && pkg-config --exists cmocka; } || echo libcmocka-dev
    # Only the system's own interpreter sees the packages of the distribution.
    /usr/bin/python3 -c 'import fasteners' 2>/dev/null || echo python3-fasteners
}

# The same of what the leg needs besides.
missing_packages() {
    local need
    for need in ${NEEDS[$1]}; do
        [ "$need" != cmocka ] || continue
        has "${need%=*}" || [ -f "${need%=*}" ] || tr , '\n' <<<"${need#*=}"
    done
}

lists_are_fresh=

install_packages() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        as_root=(sudo -n)
        { has sudo && sudo -n true 2>/dev/null; } || return 1
    fi
    has apt-get || return 1
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    [ -n "$lists_are_fresh" ] || "${as_root[@]}" apt-get -qq update </dev/null || true
    lists_are_fresh=yes
    "${as_root[@]}" apt-get -qq install -y --no-install-recommends "$@" </dev/null
}

# provide PACKAGE...: installs them. Sets `lacking` to what cannot be had, and fails.
provide() {
    lacking=
    [ $# -gt 0 ] || return 0
    printf '\n===== installing what is missing: %s =====\n' "$*"
    install_packages "$@" && return 0
    lacking="cannot install $*"
    return 1
}

provide_tools() {
    local missing
    mapfile -t missing < <(missing_tools | sort -u)
    provide "${missing[@]}"
}

# provide_leg LEG: the same with all that the leg needs.
provide_leg() {
    local missing
    mapfile -t missing < <(missing_packages "$1" | sort -u)
    provide "${missing[@]}" || return 1
    [[ " ${NEEDS[$1]} " != *" cmocka "* ]] || tests/targets/cmocka.sh build/cmocka-source ||
        { lacking="cannot fetch the source of cmocka"; return 1; }
}
