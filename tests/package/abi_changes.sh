#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The comparison of interfaces tells what breaks programs from what does not.
source "$(dirname "$0")/prelude.sh"
need abidw abidiff

abi=$SOURCE_DIR/tests/package/abi

# toy NAME [CHANGE]: the interface of the toy library
toy() {
    "$CC" -std=c11 -g -shared -fPIC ${2:+"-D$2"} -I"$abi/toy/include" "$abi/toy/src/toy.c" \
        -o "$WORK/$1.so"
    "$abi/abi.sh" dump "$WORK/$1.so" "$WORK/$1"
}

# change_is VERDICT CHANGE...
change_is() {
    local change verdict
    for change in "${@:2}"; do
        toy "$change" "$change"
        verdict=$("$abi/abi.sh" compare "$WORK/toy" "$WORK/$change")
        [ "${verdict%%$'\n'*}" = "$1" ] || fail "$change is not found to be $1: $verdict"
    done
}

toy toy
grep -q "name='fasteners_ipc_rwlock'.* is-declaration-only='yes'" "$WORK/toy" ||
    fail "a private type is described: $(cat "$WORK/toy")"

change_is same PRIVATE_CHANGED
change_is compatible FUNCTION_ADDED ENUMERATOR_APPENDED OPTION_APPENDED
change_is incompatible FUNCTION_REMOVED PARAMETER_CHANGED ENUMERATOR_RENUMBERED OPTION_INSERTED \
    LOCK_GROWN
