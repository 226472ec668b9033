#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# find_package takes the installed version for requests of the same major number up to itself.
source "$(dirname "$0")/prelude.sh"

IFS=. read -r major minor patch < <(pkg_config "$PREFIX" --modversion)

accepted() {
    configure "$SOURCE_DIR/tests/package/consumer" "$WORK/build-$1" \
        -DCMAKE_PREFIX_PATH="$PREFIX" -DWANTED_VERSION="$1" -DCONSUMER_LANGUAGE=C \
        >"$WORK/output" 2>&1
}

for version in $major "$major.$minor" "$major.$minor.$patch"; do
    accepted "$version" || fail "$version is not accepted: $(cat "$WORK/output")"
done
for version in "$major.$minor.$((patch + 1))" "$major.$((minor + 1))" $((major + 1)); do
    ! accepted "$version" || fail "$version is accepted"
    grep -q "compatible with requested version \"$version\"" "$WORK/output" ||
        fail "$version fails for another reason: $(cat "$WORK/output")"
done
