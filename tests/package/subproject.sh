#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# subproject.sh add_subdirectory|fetch_content: within another project there is the library and
# nothing else of ours: no install rules, no tests, no packages, no options of the outer project's,
# no warnings turned into errors.
source "$(dirname "$0")/prelude.sh"

outer=$WORK/outer

check() {
    configure "$SOURCE_DIR/tests/package/subproject" "$outer" \
        -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "$@"
    build "$outer"
    for program in outer outer_static; do
        "$outer/$program" "$WORK/outer.lock" || fail "$program exits with $?"
    done

    "$CMAKE" --install "$outer" --prefix "$outer.prefix" >/dev/null
    same "nothing of ours is installed" share/outer/CMakeLists.txt "$(files_below "$outer.prefix")"
    same "no test of ours is added" "  Test #1: outer" \
        "$("$CTEST" --test-dir "$outer" -N | grep 'Test *#')"
    [ ! -e "$outer/CPackConfig.cmake" ] || fail "cpack of the outer project would pack ours"
    ! grep -q -e -Werror "$outer/compile_commands.json" || fail "warnings of ours are errors"
}

# The files as they are here, changes that are not yet committed included, in a repository.
make_repository() {
    mkdir "$1"
    (cd "$SOURCE_DIR" && cp -R *.md *.txt *.json LICENSE docs examples include src tests "$1")
    git -C "$1" init --quiet
    git -C "$1" add --all
    git -C "$1" -c user.name=test -c user.email=test@localhost -c commit.gpgSign=false \
        commit --quiet --message=all
    git -C "$1" tag wanted
    # A commit that is not wanted, and would not do.
    git -C "$1" rm --quiet -r src
    git -C "$1" -c user.name=test -c user.email=test@localhost -c commit.gpgSign=false \
        commit --quiet --message=later
}

case $1 in
add_subdirectory)
    check -DFASTENERS_SOURCE="$SOURCE_DIR"
    same "the kind of library is not ours to choose" "" \
        "$(grep BUILD_SHARED_LIBS "$outer/CMakeCache.txt" || true)"
    [ -e "$outer/fasteners/src/libfasteners.a" ] || fail "CMake's default is not kept"
    ;;
fetch_content)
    need git
    make_repository "$WORK/repository"
    check -DFASTENERS_REPOSITORY="file://$WORK/repository" -DBUILD_SHARED_LIBS=ON
    [ -e "$outer/_deps/fasteners-build/src/libfasteners.so" ] ||
        fail "BUILD_SHARED_LIBS is not heeded"
    ;;
esac
