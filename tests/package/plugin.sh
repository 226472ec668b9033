#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# plugin.sh shared|static: a program loads and unloads a plugin that uses the library, while threads
# live that have used it and end later.
source "$(dirname "$0")/prelude.sh"
need pkg-config

folder=$SOURCE_DIR/tests/package/plugin
strict='-std=gnu11 -g -Wall -Wextra -Wpedantic -Werror'
plugin=$WORK/libplugin.so

case $1 in
shared) library=libfasteners.so.1 flags=$(pkg_config "$PREFIX" --cflags --libs) ;;
# The code is in the plugin then: it is the plugin that has to stay.
static)
    library=$plugin
    flags="$(pkg_config "$PREFIX" --cflags) $PREFIX/$LIBDIR/libfasteners.a -Wl,-z,nodelete"
    ;;
esac
"$CC" $strict -shared -fPIC "$folder/plugin.c" -o "$plugin" $flags
"$CC" $strict "$folder/host.c" -o "$WORK/host" $(pkg_config "$PREFIX" --cflags) -pthread -ldl

LD_LIBRARY_PATH=$PREFIX/$LIBDIR "$WORK/host" "$plugin" "$library" "$WORK" ||
    fail "the program exits with $?"
