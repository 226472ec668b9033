#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pkg_config.sh c99|c++11|c++17: a program finds the installed library through pkg-config, and
# compiles under strict warnings of its own.
source "$(dirname "$0")/prelude.sh"
need pkg-config

standard=$1
consumer=$SOURCE_DIR/tests/package/consumer/consumer
case $standard in
c99) compiler=$CC source=$consumer.c extra='-Wstrict-prototypes' ;;
c++11) compiler=$CXX source=$consumer.cpp extra='-Wold-style-cast -Wuseless-cast' ;;
c++17) compiler=$CXX source=${consumer}_hpp.cpp extra='-Wold-style-cast -Wuseless-cast' ;;
esac
[ "$standard" = c99 ] || need_cxx

strict='-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wundef'
"$compiler" -std="$standard" $strict -Werror -Wno-unknown-warning-option $extra "$source" \
    -o "$WORK/consumer" $(pkg_config "$PREFIX" --cflags --libs)
runs "$PREFIX" "$WORK/consumer"

flags=$(pkg_config "$PREFIX" --cflags | tr -s ' ' '\n' | sed '/^$/d')
same "Cflags is one -I" 1 "$(grep -c '^-I' <<<"$flags")"
same "Cflags has nothing else" "" "$(grep -v '^-I' <<<"$flags" || true)"
same "-pthread is private to the static library" "" \
    "$(pkg_config "$PREFIX" --libs | grep -- -pthread || true)"
