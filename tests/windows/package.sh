#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# package.sh: what users get on Windows: the installed DLL, its import library and the static
# library, used by a program that is built against them and runs.
set -euo pipefail

rm -rf "$WORK"
mkdir -p "$WORK"
cmake --install "$BUILD_DIR" --prefix "$WORK/prefix" >/dev/null

# The names in the DLL are those of the list.
diff <(sed -nE 's/^ +(fasteners_[a-z_]+);$/\1/p' "$SOURCE_DIR/src/fasteners.map" | sort) \
    <(x86_64-w64-mingw32-objdump -p "$WORK/prefix/bin/libfasteners.dll" |
        sed -nE 's/.*\[ *[0-9]+\].* (fasteners_[a-z_]+)$/\1/p' | sort)

# Nothing has to be installed beside it.
if x86_64-w64-mingw32-objdump -p "$WORK/prefix/bin/libfasteners.dll" |
    grep 'DLL Name' | grep -viE 'Name: (kernel32|advapi32|msvcrt|ucrtbase|api-ms-win-.*)\.dll'; then
    echo "the DLL needs what no Windows has" >&2
    exit 1
fi

cmake -S "$SOURCE_DIR/tests/package/consumer" -B "$WORK/build" -G "$GENERATOR" \
    -DCMAKE_TOOLCHAIN_FILE="$TOOLCHAIN" -DCMAKE_PREFIX_PATH="$WORK/prefix" \
    -DWANTED_VERSION=1.0 -DCONSUMER_LANGUAGE=C --log-level=WARNING >/dev/null
cmake --build "$WORK/build" >/dev/null
"$WINE" "$WORK/build/consumer_static.exe" "Z:$WORK/lock"
cp "$WORK/prefix/bin/libfasteners.dll" "$WORK/build"
"$WINE" "$WORK/build/consumer_fasteners.exe" "Z:$WORK/lock"
