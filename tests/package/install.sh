#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fixture: the copy that the other tests look at.
source "$(dirname "$0")/prelude.sh"

rm -rf "$PREFIX"
"$CMAKE" --install "$BUILD_DIR" --prefix "$PREFIX" >/dev/null
