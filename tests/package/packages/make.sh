#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fixture: what cpack makes of the preset "package", in $PACKAGES.
source "$(dirname "$0")/../prelude.sh"

build=$PACKAGES/build
rm -rf "$PACKAGES"
mkdir "$PACKAGES"
(cd "$SOURCE_DIR" && "$CMAKE" --preset package -B "$build" -G "$GENERATOR" \
    -DCMAKE_C_COMPILER="$CC" >"$WORK/log" 2>&1) || { cat "$WORK/log"; fail "cannot configure"; }
build "$build"
(cd "$build" && "$CPACK" -B "$PACKAGES" >"$WORK/log" 2>&1) ||
    { cat "$WORK/log"; fail "cpack fails"; }
