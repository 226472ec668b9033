#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# msvc.sh CLANG INCLUDE: each public C header, alone, as Microsoft's compiler would have it, as far
# as Clang can tell: with its target, its annotation, and nothing of GCC's.
set -euo pipefail

clang=$1 include=$2
here=$(dirname "$0")

command -v "$clang" >/dev/null || { echo "there is no $clang" && exit 77; }

count=0
for header in fasteners.h $(cd "$include" && echo fasteners/*.h); do
    for language in 'c -std=c99' 'c -std=c17' 'c++ -std=c++14' 'c++ -std=c++20'; do
        # shellcheck disable=SC2086 # a language and its standard
        "$clang" --target=x86_64-pc-windows-msvc -ffreestanding -fms-compatibility \
            -fno-gnu-keywords -Wall -Wextra -Wpedantic -Wundef -Werror -fsyntax-only \
            -I"$include" -D_Check_return_= -x $language - <<<"#include <$header>
                typedef int not_empty;"
        count=$((count + 1))
    done
done

# What there is instead of the guard macros.
"$clang" --target=x86_64-pc-windows-msvc -ffreestanding -fno-gnu-keywords -std=c99 -Wall -Werror \
    -fsyntax-only -I"$include" -D_Check_return_= "$here/no_attribute.c"
echo "$count headers compile"
