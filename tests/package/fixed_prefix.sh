#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prefixes that stay where they are: /usr, as a distribution's package has it, and an absolute
# library folder outside the prefix.
source "$(dirname "$0")/prelude.sh"
need pkg-config

# library_build NAME ARGUMENT...: builds the library alone and installs it below $WORK/NAME.root
library_build() {
    configure "$SOURCE_DIR" "$WORK/$1" -DFASTENERS_TESTS=OFF "${@:2}"
    build "$WORK/$1"
    DESTDIR=$WORK/$1.root "$CMAKE" --install "$WORK/$1" >/dev/null
}

# pc_lines NAME FOLDER: what the installed fasteners.pc says about places
pc_lines() {
    grep -E '^(prefix|libdir|includedir)=' "$WORK/$1.root$2/pkgconfig/fasteners.pc"
}

library_build usr -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib
same "fasteners.pc in /usr" 'prefix=/usr
libdir=${prefix}/lib
includedir=${prefix}/include' "$(pc_lines usr /usr/lib)"
same "pkg-config leaves the system's own folders out" -lfasteners \
    "$(PKG_CONFIG_LIBDIR=$WORK/usr.root/usr/lib/pkgconfig pkg-config --cflags --libs fasteners |
        tr -d ' ')"

library_build libdir -DCMAKE_INSTALL_PREFIX=/opt/p -DCMAKE_INSTALL_LIBDIR=/opt/l/lib
same "fasteners.pc with an absolute library folder" 'prefix=/opt/p
libdir=/opt/l/lib
includedir=${prefix}/include' "$(pc_lines libdir /opt/l/lib)"
[ -e "$WORK/libdir.root/opt/l/lib/libfasteners.so" ] || fail "the library is not in its folder"
[ -e "$WORK/libdir.root/opt/p/include/fasteners.h" ] || fail "the headers are not in the prefix"
