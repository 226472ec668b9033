#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Debian packages hold the components, and what Debian wants besides; and they say what they
# need.
source "$(dirname "$0")/deb.sh"
need pkg-config readelf

runtime=$(package libfasteners[0-9])
development=$(package libfasteners-dev)
dpkg-deb -x "$runtime" "$WORK/runtime"
dpkg-deb -x "$development" "$WORK/development"
libdir=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
version=$(pkg_config "$PREFIX" --modversion)
name=libfasteners${version%%.*}

field() {
    dpkg-deb -f "$1" "$2"
}

release=$(field "$runtime" Version)
same "the version" "$version" "${release%-*}"
same "the name of the package is the soname" "$name" "$(field "$runtime" Package)"
same "the packages" "libfasteners-dev" "$(field "$development" Package)"
same "they fit" "$name (= $release)" "$(field "$development" Depends)"
for package in "$runtime" "$development"; do
    same "of several architectures" same "$(field "$package" Multi-Arch)"
    same "the source" libfasteners "$(field "$package" Source)"
done
grep -qE '^libc6 \(>= [0-9.]+\)' <<<"$(field "$runtime" Depends)" ||
    fail "it needs the C library: $(field "$runtime" Depends)"
same "what programs will depend on" "libfasteners ${version%%.*} $name (>= $version)" \
    "$(dpkg-deb -I "$runtime" shlibs)"
same "ldconfig" "activate-noawait ldconfig" "$(dpkg-deb -I "$runtime" triggers)"

# documents NAME: in every package
documents() {
    printf "usr/share/doc/$1/%s\n" changelog.Debian.gz changelog.gz copyright
}
# as_packed COMPONENT: the files of a component where the packages have them
as_packed() {
    "$CMAKE" --install "$PACKAGES/build" --prefix "$WORK/as-is" --component "$1" >/dev/null
    files_below "$WORK/as-is" | sed -e 's,^,usr/,' -e '/^usr.share.man/s,$,.gz,'
    rm -r "$WORK/as-is"
}
same "the runtime package" "$({ as_packed runtime; documents "$name"; } | LC_ALL=C sort)" \
    "$(files_below "$WORK/runtime")"
same "the development package" \
    "$({ as_packed development; documents libfasteners-dev; } | LC_ALL=C sort)" \
    "$(files_below "$WORK/development")"
same "links point to files" "" "$(cp -a "$WORK/runtime/." "$WORK/both" 2>/dev/null
    cp -a "$WORK/development/." "$WORK/both"; find "$WORK/both" -xtype l)"

# As where nobody may install them.
"$CC" "$SOURCE_DIR/tests/package/consumer/consumer.c" -o "$WORK/consumer" \
    $(LIBDIR=${libdir#usr/} pkg_config "$WORK/both/usr" --define-variable=prefix="$WORK/both/usr" \
        --cflags --libs)
LD_LIBRARY_PATH=$WORK/both/$libdir "$WORK/consumer" "$WORK/consumer.lock" ||
    fail "the program exits with $?"

same "fasteners.pc" "prefix=/usr" "$(grep ^prefix= "$WORK/both/$libdir/pkgconfig/fasteners.pc")"
for changelog in changelog.gz changelog.Debian.gz; do
    zcat "$WORK/both/usr/share/doc/$name/$changelog" >"$WORK/changelog"
    [ -s "$WORK/changelog" ] || fail "$changelog is empty"
done
cmp <(zcat "$WORK/both/usr/share/doc/$name/changelog.gz") "$SOURCE_DIR/CHANGELOG.md"
same "the entry of this version" "libfasteners ($release)" \
    "$(zcat "$WORK/both/usr/share/doc/$name/changelog.Debian.gz" | sed -nE '1s/ [a-z]+; .*//p')"

elf=$(readelf -SWd "$WORK/both/$libdir/libfasteners.so")
! grep -qE '\.debug_|\.symtab|\.comment|R(UN)?PATH' <<<"$elf" || fail "not stripped: $elf"
grep -q BIND_NOW <<<"$elf" || fail "not hardened: $elf"
same "no file knows where it was made" "" \
    "$(grep -rlF -e "$SOURCE_DIR" -e "$PACKAGES" "$WORK/both")"
