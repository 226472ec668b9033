#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The packages are installed, used and removed: in a copy of this system. Where no copy can be made,
# in the system itself, if FASTENERS_TEST_INSTALL=1 says that nobody minds.
source "$(dirname "$0")/deb.sh"
need dpkg pkg-config unshare

runtime=$(package libfasteners[0-9])
development=$(package libfasteners-dev)
[ "$(id -u)" -eq 0 ] || skip "only root can install packages"

given=$WORK/copy.given
mkdir "$WORK/copy" "$given"
cp "$runtime" "$development" "$SOURCE_DIR/tests/package/consumer/consumer.c" \
    "$(dirname "$0")/use_installed.sh" "$given"

status=0
"$(dirname "$0")/in_overlay.sh" "$WORK/copy" bash /given/use_installed.sh /given "$CC" || status=$?
if [ $status -eq 125 ]; then
    [ "${FASTENERS_TEST_INSTALL:-0}" = 1 ] ||
        skip "no copy of the system can be made, and FASTENERS_TEST_INSTALL=1 is not set"
    status=0
    bash "$given/use_installed.sh" "$given" "$CC" || status=$?
fi
exit $status
