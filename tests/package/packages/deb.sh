# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of the Debian packages.
source "$(dirname "${BASH_SOURCE[0]}")/../prelude.sh"
need dpkg-deb dpkg-shlibdeps

# package PATTERN: the file of the one package whose name begins so
package() {
    local found=("$PACKAGES"/$1*.deb)
    [ -e "${found[0]}" ] || fail "there is no $1*.deb: $(ls "$PACKAGES")"
    same "packages $1*.deb" 1 ${#found[@]}
    echo "${found[0]}"
}
