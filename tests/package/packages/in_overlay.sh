#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# in_overlay.sh FOLDER COMMAND...: runs the command in a copy of the system in which it may change
# what it likes: nobody else sees it, and it is gone when the command has ended, whatever ends it.
# FOLDER, an empty one, is where the copy lies; its path "/given" there is "$FOLDER.given" here.
# Exit status 125: no such copy can be made here.
set -euo pipefail
CANNOT=125

if [ "${1-}" != inside ]; then
    unshare --mount --propagation private true 2>/dev/null || exit $CANNOT
    exec unshare --mount --propagation private bash "$0" inside "$@"
fi
shift

folder=$1
shift
mount -t tmpfs none "$folder" 2>/dev/null || exit $CANNOT
mkdir "$folder"/{changes,work,root}
mount -t overlay none "$folder/root" 2>/dev/null \
    -o "lowerdir=/,upperdir=$folder/changes,workdir=$folder/work" || exit $CANNOT
for system in proc sys dev; do
    mount --rbind "/$system" "$folder/root/$system" 2>/dev/null || exit $CANNOT
done
cp -R "$folder.given" "$folder/root/given"
# Folders that are file systems of their own are empty in the copy: not /usr and /var, it is hoped.
chroot "$folder/root" dpkg-query -W dpkg >/dev/null 2>&1 || exit $CANNOT
exec chroot "$folder/root" "$@"
