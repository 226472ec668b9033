#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mistakes.sh COMPILER STANDARD SOURCE: the source compiles under strict warnings, and does not with
# -DMISTAKE=n for each of its
#
#     #if MISTAKE == n /* TEXT */
#     #if MISTAKE == n /* clang: TEXT */
#
# where the compiler's message has to match TEXT, an extended regular expression. The second is for
# that compiler alone. INCLUDE is the folder of the headers.
set -euo pipefail

compiler=$1 standard=$2 source=$3

kind=gcc
! grep -qi clang <<<"$("$compiler" --version)" || kind=clang

strict='-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wundef'
case $source in
*.c) strict+=' -Wstrict-prototypes -Wmissing-prototypes' ;;
*) strict+=' -Wold-style-cast -Wzero-as-null-pointer-constant' ;;
esac
[ $kind = clang ] || case $source in
*.c) strict+=' -Wjump-misses-init' ;;
*) strict+=' -Wuseless-cast' ;;
esac

# With optimisation, since some warnings come with it.
compile() {
    LC_ALL=C "$compiler" -std="$standard" $strict -Werror -O2 -I"$INCLUDE" -c -o /dev/null \
        "$source" "$@" 2>&1
}

fail() {
    printf 'FAILED: %s\n' "$@" >&2
    exit 1
}

message=$(compile) || fail "does not compile as $standard" "$message"
[ -z "$message" ] || fail "compiles with a message" "$message"

count=0 seen=0
while IFS=$'\t' read -r number text; do
    seen=$((seen + 1))
    case $text in
    clang:* | gcc:*)
        [ "${text%%:*}" = $kind ] || continue
        text=${text#*: }
        ;;
    esac
    ! message=$(compile -DMISTAKE="$number") || fail "mistake $number compiles"
    grep -qE "error: .*($text)" <<<"$message" ||
        fail "mistake $number is refused for another reason than \"$text\"" "$message"
    count=$((count + 1))
done < <(sed -nE 's,^#if MISTAKE == ([0-9]+) +/\* (.*) \*/$,\1\t\2,p' "$source")
[ $seen = "$(grep -c '^#if MISTAKE' "$source")" ] || fail "not every mistake was understood"
echo "$count mistakes are refused"
