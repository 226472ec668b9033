#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Debian's own checker finds neither an error nor a warning in the packages.
source "$(dirname "$0")/deb.sh"
need lintian

runtime=$(package libfasteners[0-9])
development=$(package libfasteners-dev)
allow=
[ "$(id -u)" -ne 0 ] || allow=--allow-root
lintian --profile debian --fail-on error,warning $allow "$runtime" "$development" ||
    fail "lintian exits with $?"
