#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang.sh: the library as the other compiler for Windows makes it, by the eyes of package.sh.
set -euo pipefail

command -v clang >/dev/null || { echo "there is no clang" && exit 77; }

cmake -S "$SOURCE_DIR" -B "$BUILD_DIR" -G "$GENERATOR" -DCMAKE_TOOLCHAIN_FILE="$TOOLCHAIN" \
    -DFASTENERS_WERROR=ON -DFASTENERS_TESTS=OFF --log-level=WARNING
cmake --build "$BUILD_DIR"
exec bash "$SOURCE_DIR/tests/windows/package.sh"
