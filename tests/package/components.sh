#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The component runtime is what a program needs to run, development what one needs to build it, and
# together they are everything that is installed.
source "$(dirname "$0")/prelude.sh"

for component in runtime development; do
    "$CMAKE" --install "$BUILD_DIR" --prefix "$WORK/$component" --component $component >/dev/null
done

version=$(pkg_config "$PREFIX" --modversion)
runtime=$(files_below "$WORK/runtime")
development=$(files_below "$WORK/development")
headers=$(files_below "$SOURCE_DIR/include" | sed 's,^,include/,')

same "runtime" "$(printf '%s\n' "$LIBDIR/libfasteners.so.${version%%.*}" \
    "$LIBDIR/libfasteners.so.$version")" "$runtime"
same "development" "$(LC_ALL=C sort <<END
$headers
$LIBDIR/cmake/fasteners/fasteners-config-version.cmake
$LIBDIR/cmake/fasteners/fasteners-config.cmake
$(cd "$PREFIX" && ls "$LIBDIR"/cmake/fasteners/fasteners-targets-*.cmake)
$LIBDIR/cmake/fasteners/fasteners-targets.cmake
$LIBDIR/libfasteners.a
$LIBDIR/libfasteners.so
$LIBDIR/pkgconfig/fasteners.pc
$(files_below "$PREFIX" | grep -E '^share/man/man[37]/(fasteners|FASTENERS)[A-Za-z_]*\.[37]$')
END
)" "$development"
same "both" "$(files_below "$PREFIX")" "$(LC_ALL=C sort <<<"$runtime
$development")"
