#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# lint.sh RULE [FILE...]: checks the rule for the whole project, or for these files alone. Prints
# what offends; exit status 1 then, 77 if a tool is missing.
set -euo pipefail

SOURCE_DIR=${SOURCE_DIR:-$(cd "$(dirname "$0")/../.." && pwd)}
EXIT_SKIPPED=77
MAX_COLUMNS=100
MAX_FUNCTION_LINES=60

cd "$SOURCE_DIR"
rule=$1
shift
chosen=("$@")

# The project's files whose path matches the pattern: what git knows or would add; without git,
# everything but build output.
files() {
    if [ ${#chosen[@]} -gt 0 ]; then
        printf '%s\n' "${chosen[@]}"
    elif git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard --deduplicate |
            while read -r file; do [ ! -f "$file" ] || echo "$file"; done
    else
        find . -type f -not -path './build/*' -not -path './.git/*' | sed 's,^\./,,'
    fi | grep -E "$1" || true
}

need() {
    command -v "$1" >/dev/null || { echo "skipped: there is no $1"; exit $EXIT_SKIPPED; }
}

# Sets `tool` to the program of that name in the version that the rules were written for: another
# version has another opinion.
LLVM_VERSION=14
need_llvm() {
    for tool in "$1-$LLVM_VERSION" "$1"; do
        ! { "$tool" --version 2>&1 || true; } | grep -q "version $LLVM_VERSION\." || return 0
    done
    echo "skipped: there is no $1 of version $LLVM_VERSION"
    exit $EXIT_SKIPPED
}

# Fails if there is any output.
none() {
    local found
    found=$(cat)
    [ -z "$found" ] || { printf '%s\n%s\n' "$1" "$found"; exit 1; }
}

# Lines of the files on standard input that begin with "#" and this pattern.
directives() {
    xargs -r -d '\n' grep -nHE "^[[:space:]]*#[[:space:]]*$1" || true
}

c_files() { files '\.(c|h|cpp|hpp)$'; }
# Whatever a shell reads: by its first line, or by its name.
scripts() {
    files . | xargs -r -d '\n' awk '
        FNR == 1 && (/^#!.*sh$/ || FILENAME ~ /\.sh$/) { print FILENAME }
        { nextfile }'
}

source_files() { c_files; scripts; files '(CMakeLists\.txt|\.py)$'; }

# REUSE-IgnoreStart
rule_license_line() {
    local licensed
    licensed=$(source_files | xargs -r -d '\n' awk '
        FNR <= 2 && /SPDX-License-Identifier: Apache-2.0/ { print FILENAME }
        FNR > 2 { nextfile }')
    source_files | { grep -vxF -f <(echo "$licensed") || true; } |
        none "These do not begin with the line SPDX-License-Identifier: Apache-2.0"
}
# REUSE-IgnoreEnd

# The licence of every file can be told by a program (reuse.software).
rule_reuse() {
    need reuse
    git rev-parse --is-inside-work-tree >/dev/null 2>&1 ||
        { echo "skipped: without git it would look at build output"; exit $EXIT_SKIPPED; }
    reuse lint
}

rule_columns() {
    source_files | xargs -r -d '\n' awk -v max=$MAX_COLUMNS '
        length > max { print FILENAME ":" FNR ": " length }' |
        none "These lines are longer than $MAX_COLUMNS columns"
}

rule_clang_format() {
    need_llvm clang-format
    c_files | xargs -r -d '\n' "$tool" --dry-run --Werror
}

rule_shellcheck() {
    need shellcheck
    scripts | xargs -r -d '\n' shellcheck --shell=bash --severity=warning \
        --exclude=SC2046,SC2086,SC2206
}

rule_clang_tidy() {
    need_llvm clang-tidy
    [ -f "$BUILD_DIR/compile_commands.json" ] ||
        { echo "skipped: no compile_commands.json in the build folder"; exit $EXIT_SKIPPED; }
    files '^src/.*\.c$' | grep -F -f <(sed -n 's/.*"file": ".*\/\(src\/.*\)".*/\1/p' \
        "$BUILD_DIR/compile_commands.json") |
        xargs -r -d '\n' -n 4 -P 2 "$tool" --quiet -p "$BUILD_DIR" --warnings-as-errors='*'
}

# What it complains of without a reason: empty loops that say so by "continue", layouts that the
# system fixes, what a cleanup function reads, and conditions on what other threads change.
rule_cppcheck() {
    need cppcheck
    local silent check
    silent=(missingIncludeSystem redundantContinue unusedStructMember
        redundantAssignment:src/locked_call.c duplicateCondition:src/rw_lock_release.c)
    files '^src/.*\.c$' | cppcheck --file-list=- -j 2 --quiet --std=c11 --inline-suppr \
        --enable=warning,style,performance,portability --error-exitcode=1 \
        $(for check in "${silent[@]}"; do echo "--suppress=$check"; done) \
        -D'__has_include(header)=1' -I include -I src
}

# Words that are none, but for these: fro, sharable; commands of a test's own language.
rule_codespell() {
    need codespell
    files . | grep -vxE 'LICENSE|LICENSES/.*' |
        xargs -r -d '\n' codespell --ignore-words-list=fro,sharable,clos,rturns,nd,fo
}

# One source for all systems: what differs is a function of platform.h. A header has its guard, and
# public headers say what they must to foreign compilers.
rule_no_conditional_compilation() {
    {
        files '^src/[^/]*\.c$' | directives '(if|el)'
        files '^src/[^/]*\.h$' | while read -r file; do
            awk -v file="$file" '
                /^[ \t]*#[ \t]*(if|el)/ && !(/^#ifndef FST_[A-Z_]*_H$/ && ++guards == 1) {
                    print file ":" FNR ":" $0
                }' "$file"
        done
    } | none "Conditional compilation outside the platform folders"
}

# Freestanding headers, and of the C library what does no input or output and has no state.
rule_no_system_headers() {
    local standard='(inttypes|limits|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|string)'
    {
        files '^(include/.*|src/[^/]*)\.[ch]$' | directives include |
            grep -vE "include (<fasteners(/[a-z_]+)?\.h>|\"[a-z_]+\.h\"|<$standard\.h>)$" || true
        files '^src/posix/' | directives 'include ".*(linux|windows)'
    } | none "Includes that belong to a platform folder"
}

# The build lists its files: one that is not listed is compiled on no system.
rule_sources_listed() {
    files '^src/.*\.c$' | while read -r file; do
        grep -qwF -e "${file#src/}" src/CMakeLists.txt || echo "$file"
    done | none "These are not in src/CMakeLists.txt"
}

rule_function_length() {
    files '\.[ch]$' | while read -r file; do
        awk -v file="$file" -v max=$MAX_FUNCTION_LINES '
            /^[a-z].*\(/ { name = $0 }
            /^\{/ { start = FNR }
            /^\}/ && start { if (FNR - start - 1 > max) print file ":" start ": " FNR - start - 1 \
                " lines: " name; start = 0 }' "$file"
    done | none "Functions of more than $MAX_FUNCTION_LINES lines"
}

# Every declaration of a public header has its comment. One stands for a row of types or of inline
# functions that are alike; a macro may be told of elsewhere in the header. Names that end with _
# are not public.
rule_documented() {
    files '^include/.*\.(h|hpp)$' | while read -r file; do
        awk '
            function name_of(line) {
                sub(/ *([(={;]| : ).*/, "", line)
                sub(/.*[ *]/, "", line)
                return line
            }
            function kind_of(line) {
                if (line ~ /^#/) return "macro"
                if (line ~ /^typedef/) return "type"
                return line ~ /^static inline/ ? "inline" : ""
            }
            /^namespace detail/ { detail = 1 }
            detail { detail = !/^} \/\/ namespace detail/; next }
            comment || /^ *\/\*/ {
                told = told $0
                comment = !/\*\/$/
                if (!inside) fresh = 1
                next
            }
            inside {
                if (/\{$/) body = 1
                if (/^}/ || !body && (/;$/ || kind == "macro" && !/\\$/)) inside = body = 0
                next
            }
            /^$/ { fresh = 0; next }
            /^(extern "C"|namespace|using|FASTENERS_[A-Z_]+(_DECLS|_\())/ { next }
            /^[A-Za-z]/ || /^#[ \t]*define / {
                name = /^#/ ? name_of($2) : name_of($0)
                alike = kind_of($0) ~ /type|inline/ && kind_of($0) == row
                if (name !~ /(_|_H|_HPP)$/ && !fresh && !alike)
                    bare[name] = FNR (/^#/ ? ": macro " : ": ") name
                kind = kind_of($0)
                row = name ~ /_$/ ? "" : kind
                body = kind != "macro" && /\{$/
                inside = kind == "macro" ? /\\$/ : !/(;|\})$/
            }
            END {
                for (name in bare)
                    if (bare[name] !~ /: macro / || !index(told, name))
                        print FILENAME ":" bare[name]
            }' "$file"
    done | none "Without a comment"
}

rule_top_level() {
    local folders='include|src|tests|examples|docs|LICENSES|\..*'
    local pages='LICENSE|README\.md|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md'
    files . | cut -d/ -f1 | sort -u |
        { grep -vxE "$folders|$pages|CMakeLists\.txt|CMakePresets\.json" || true; } |
        none "The top level holds more than it should"
}

rule_executable_scripts() {
    scripts | while read -r file; do
        if head -n 1 "$file" | grep -q '^#!'; then
            [ -x "$file" ] || echo "$file: not executable, but has a #! line"
        else
            [ ! -x "$file" ] || echo "$file: executable without a #! line"
        fi
    done | none "Scripts"
}

# The anchors of the headings in a Markdown file, as the usual renderers make them.
anchors() {
    awk '
        /^```/ { fenced = !fenced }
        /^#+ / && !fenced {
            sub(/^#+ +/, "")
            gsub(/\]\([^)]*\)/, "")
            text = tolower($0)
            gsub(/[^a-z0-9 _-]/, "", text)
            gsub(/ /, "-", text)
            print text (seen[text]++ ? "-" (seen[text] - 1) : "")
        }' "$1"
}

# Links from Markdown to files and headings of this project.
rule_markdown_links() {
    local file target place anchor
    files '\.md$' | while read -r file; do
        awk '/^```/ { fenced = !fenced } !fenced' "$file" | tr '\n' ' ' |
            grep -oE '\]\([^) ]+\)' | sed 's/^](//; s/)$//' | sort -u |
            while read -r target; do
                case $target in *://* | mailto:*) continue ;; esac
                place=${target%%#*} anchor=''
                [[ $target != *#* ]] || anchor=${target#*#}
                place=${place:+$(dirname "$file")/$place}
                place=${place:-$file}
                if [ ! -e "$place" ]; then
                    echo "$file: $target: no such file"
                elif [ -n "$anchor" ] && ! anchors "$place" | grep -qxF -e "$anchor"; then
                    echo "$file: $target: no such heading"
                fi
            done || true
    done | none "Links that lead nowhere"
}

rule_"$rule"
