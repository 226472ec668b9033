#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# verify.sh MODEL [NAME...]: runs the checks of checks.txt upon MODEL.pml, or those of these names,
# and prints a line for each. Exit status 1 if one comes out otherwise than it should, 77 if spin
# or a C compiler is missing.
set -euo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
EXIT_SKIPPED=77
CC=${CC:-cc}
MEGABYTES=2500
DEPTH=2000000

model=$1
shift
chosen=" $* "

for tool in spin "$CC"; do
    command -v "$tool" >/dev/null || { echo "skipped: there is no $tool"; exit $EXIT_SKIPPED; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$HERE/$model.pml" .

# explore EXPECTED SWITCH...: leaves in `result` what pan printed, or a complaint.
explore() {
    # The compiler takes as long as the search: -Og is quick at both. COLLAPSE would save memory,
    # but it takes time.
    local mode=-DSAFETY option='' optimize=-Og switch
    [ "$1" != ends ] || { mode=-DNP option=-l; }
    [ "$1" != found ] || optimize=-O0 # a bug is found sooner than the compiler is done
    shift
    for switch in "$@"; do
        grep -qwF -e "${switch%%=*}" "$model.pml" || { result="unknown: $switch"; return; }
    done
    rm -f pan pan.*
    if ! spin -a "${@/#/-D}" "$model.pml" >log 2>&1 ||
        ! "$CC" $optimize -w $mode -DMEMLIM=$MEGABYTES -o pan pan.c >>log 2>&1; then
        result=$(cat log)
        return
    fi
    result=$(./pan -m$DEPTH $option 2>&1) || true
}

# Everything was looked at and nothing is wrong.
flawless() {
    grep -q 'errors: 0' <<<"$result" && ! grep -qE 'too small|not completed|out of' <<<"$result"
}

bug() {
    sed -n 's/^pan:1: \(assertion violated\|invalid end state\|non-progress cycle\).*/\1/p' \
        <<<"$result"
}

judge() {
    local expected=$1
    case $expected in
    found) [ -n "$(bug)" ] ;;
    *) flawless ;;
    esac
}

numbers() {
    sed -n 's/^ *\([0-9]*\) states, stored.*/\1 states/p; s/^.*elapsed time \([0-9.]*\).*/\1 s/p
        s/^ *\([0-9.]*\).*total actual memory usage/\1 MB/p' <<<"$result" |
        paste -sd, | sed 's/,/, /g'
}

failed=0 ran=0
while read -r of expected name switches; do
    [ "$of" = "$model" ] || continue
    [ "$chosen" = "  " ] || [[ $chosen == *" $name "* ]] || continue
    ran=$((ran + 1))
    explore "$expected" $switches
    if judge "$expected"; then
        echo "ok      $model.$name: $expected$(bug | sed 's/^/: /') ($(numbers))"
    else
        failed=1
        printf 'FAILED  %s\n%s\n' "$model.$name: not so: $expected" "$result"
    fi
done <"$HERE/checks.txt"

[ $ran -gt 0 ] || { echo "there are no such checks"; exit 1; }
exit $failed
