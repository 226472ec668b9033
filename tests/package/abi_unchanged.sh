#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# abi_unchanged.sh SYSTEM LIBRARY: programs that were built with an earlier version run with this
# one: the interface is the one that is stored in abi/SYSTEM.abi.
source "$(dirname "$0")/prelude.sh"
need abidw abidiff

stored=$SOURCE_DIR/tests/package/abi/$1.abi
[ -e "$stored" ] || skip "no interface is stored for $1"

"$(dirname "$stored")/abi.sh" dump "$2" "$WORK/now.abi"
grep -q '<function-decl' "$WORK/now.abi" || skip "the library has no debug information"
verdict=$("$(dirname "$stored")/abi.sh" compare "$stored" "$WORK/now.abi")

renew='cmake --build --preset dev --target renew_abi'
case $verdict in
same*) ;;
compatible*) fail "the interface has grown, which breaks no program; renew what is stored:
    $renew
${verdict#compatible}" ;;
*) fail "the interface is INCOMPATIBLE with the one that is stored: programs built before would
break. Undo that; or make it a new major version (and soname), and then: $renew
${verdict#incompatible}" ;;
esac
