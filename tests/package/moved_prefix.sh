#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An installed tree can be moved: pkg-config and CMake both find it where it is now.
source "$(dirname "$0")/prelude.sh"
need pkg-config

"$CMAKE" --install "$BUILD_DIR" --prefix "$WORK/before" >/dev/null
mkdir "$WORK/elsewhere"
mv "$WORK/before" "$WORK/elsewhere/after"
moved=$WORK/elsewhere/after

same "no file knows where it was installed" "" \
    "$(grep -rlF -e "$WORK/before" -e "$SOURCE_DIR" "$moved"/"$LIBDIR"/{cmake,pkgconfig} || true)"

same "pkg-config names the new place" "$(realpath "$moved/include")" \
    "$(realpath "$(pkg_config "$moved" --variable=includedir)")"
"$CC" "$SOURCE_DIR/tests/package/consumer/consumer.c" -o "$WORK/consumer" \
    $(pkg_config "$moved" --cflags --libs)
runs "$moved" "$WORK/consumer"

configure "$SOURCE_DIR/tests/package/consumer" "$WORK/build" -DCMAKE_PREFIX_PATH="$moved" \
    -DWANTED_VERSION=1.0 -DCONSUMER_LANGUAGE=C
build "$WORK/build"
"$WORK/build/consumer_fasteners" "$WORK/consumer.lock" || fail "consumer_fasteners exits with $?"
