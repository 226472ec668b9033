#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# in_wine.sh PREFIX COMMAND...: runs the command, in which Wine uses the folder PREFIX for all that
# it keeps, and ends Wine's server after it.
set -euo pipefail

export WINEPREFIX=$1
shift
# No news of what Wine lacks, no windows, none of the parts that it would offer to download.
export WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winedbg.exe=' LC_ALL=C.UTF-8
unset DISPLAY WAYLAND_DISPLAY

# The server is started here, without any of our pipes: whoever reads one to its end would wait for
# the server, too.
mkdir -p "$WINEPREFIX"
wineserver -p </dev/null >/dev/null 2>&1
# And it is waited for, lest the next run meets it while it ends.
end_server() {
    wineserver -k </dev/null >/dev/null 2>&1 || true
    timeout 60 wineserver -w </dev/null >/dev/null 2>&1 || true
}
trap end_server EXIT
setsid wineboot -i </dev/null >/dev/null 2>&1

"$@"
