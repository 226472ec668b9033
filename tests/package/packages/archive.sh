#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The archive that cpack makes works wherever it is unpacked.
source "$(dirname "$0")/../prelude.sh"
need pkg-config sha256sum

archives=("$PACKAGES"/libfasteners-*.tar.gz)
(cd "$PACKAGES" && sha256sum --check --quiet "${archives[0]##*/}.sha256") || fail "the checksum"
tar -C "$WORK" -xzf "${archives[0]}"
prefix=$(echo "$WORK"/libfasteners-*)

for document in LICENSE README.md CHANGELOG.md; do
    cmp "$SOURCE_DIR/$document" "$prefix/$document" || fail "$document is not there"
done
same "no file knows where it was made" "" "$(grep -rlF -e "$SOURCE_DIR" -e "$PACKAGES" "$prefix")"

# Its library folder is that of the build for /usr.
LIBDIR=$(cd "$prefix" && dirname "$(find . -name libfasteners.a)")
export LIBDIR
"$CC" "$SOURCE_DIR/tests/package/consumer/consumer.c" -o "$WORK/consumer" \
    $(pkg_config "$prefix" --cflags --libs)
runs "$prefix" "$WORK/consumer"

configure "$SOURCE_DIR/tests/package/consumer" "$WORK/build" -DCMAKE_PREFIX_PATH="$prefix" \
    -DWANTED_VERSION=1.0 -DCONSUMER_LANGUAGE=C
build "$WORK/build"
"$WORK/build/consumer_fasteners" "$WORK/consumer.lock" || fail "consumer_fasteners exits with $?"
"$WORK/build/consumer_static" "$WORK/consumer.lock" || fail "consumer_static exits with $?"
