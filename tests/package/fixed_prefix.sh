#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prefixes that stay where they are: /usr, as a distribution's package has it, and an absolute
# library folder outside the prefix.
source "$(dirname "$0")/prelude.sh"
need pkg-config

# pc_lines NAME FOLDER: what the installed fasteners.pc says about places
pc_lines() {
    grep -E '^(prefix|libdir|includedir)=' "$WORK/$1.root$2/pkgconfig/fasteners.pc"
}

# A build that was not configured for it.
DESTDIR=$WORK/usr.root "$CMAKE" --install "$BUILD_DIR" --prefix /usr >/dev/null
same "fasteners.pc in /usr" 'prefix=/usr
libdir=${prefix}/'"$LIBDIR"'
includedir=${prefix}/include' "$(pc_lines usr "/usr/$LIBDIR")"
same "pkg-config leaves the system's own folders out" -lfasteners \
    "$(PKG_CONFIG_LIBDIR=$WORK/usr.root/usr/$LIBDIR/pkgconfig pkg-config --cflags --libs fasteners |
        tr -d ' ')"

configure "$SOURCE_DIR" "$WORK/libdir" -DFASTENERS_TESTS=OFF \
    -DCMAKE_INSTALL_PREFIX=/opt/p -DCMAKE_INSTALL_LIBDIR=/opt/l/lib
build "$WORK/libdir"
DESTDIR=$WORK/libdir.root "$CMAKE" --install "$WORK/libdir" >/dev/null
same "fasteners.pc with an absolute library folder" 'prefix=/opt/p
libdir=/opt/l/lib
includedir=${prefix}/include' "$(pc_lines libdir /opt/l/lib)"
[ -e "$WORK/libdir.root/opt/l/lib/libfasteners.so" ] || fail "the library is not in its folder"
[ -e "$WORK/libdir.root/opt/p/include/fasteners.h" ] || fail "the headers are not in the prefix"
