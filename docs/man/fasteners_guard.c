/* SPDX-License-Identifier: Apache-2.0 */
/* However the function is left, the lock is free afterwards. */
#include <fasteners.h>
#include <stdio.h>

static int append(fasteners_ipc_lock *lock, const char *line)
{
    FASTENERS_IPC_GUARD(guard, lock, 5000);
    FILE *journal;

    if (guard.status != FASTENERS_OK)
        return -1;
    journal = fopen("journal", "a");
    if (journal == NULL)
        return -1;
    fputs(line, journal);
    return fclose(journal);
}

int main(void)
{
    fasteners_ipc_lock *lock;
    fasteners_status status;
    int appended;

    status = fasteners_ipc_lock_create(&lock, "journal.lock", NULL);
    if (status != FASTENERS_OK)
        return 1;
    appended = append(lock, "one line\n");
    fasteners_ipc_lock_destroy(lock);
    return appended == 0 ? 0 : 1;
}
