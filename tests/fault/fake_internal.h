/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

/* What the parts of the fake platform know of each other. */

#include "fake_platform.h"

enum { FAKE_PATH_MAX = 256, FAKE_CONTENT_MAX = 2048 };

typedef enum fake_kind { FAKE_FILE, FAKE_DIRECTORY, FAKE_FIFO, FAKE_SYMLINK } fake_kind;

typedef struct fake_inode {
    struct fake_inode *next;
    uint64_t number;
    fake_kind kind;
    bool readable, writable;
    uint32_t mode;
    char target[FAKE_PATH_MAX];
    char content[FAKE_CONTENT_MAX];
    size_t size;
} fake_inode;

/* What the kernel calls an open file description: shared by descriptors across fork. */
typedef struct fake_description {
    struct fake_description *next;
    uint64_t number;
    unsigned references;
    fake_inode *inode;
    fst_access access;
} fake_description;

/* Who owns a lock: one number space per kind, so that a plain comparison tells two owners apart. */
typedef uint64_t fake_owner;

enum { FAKE_OWNER_SPACE = 1000000 };

static inline fake_owner fake_owner_description(uint64_t number)
{
    return 1 * (uint64_t)FAKE_OWNER_SPACE + number;
}

static inline fake_owner fake_owner_process(int64_t pid)
{
    return 2 * (uint64_t)FAKE_OWNER_SPACE + (uint64_t)pid;
}

static inline fake_owner fake_owner_foreign(int64_t pid)
{
    return 3 * (uint64_t)FAKE_OWNER_SPACE + (uint64_t)pid;
}

/* fake_calls.c */

/*
 * Counts a call and runs what the script wants before it. True: the call is to fail, *status and
 * *os_error (NULL where there is none) are set.
 */
bool fake_call(fake_operation operation, fasteners_status *status, int *os_error);
fasteners_status fake_refuse(fasteners_status status, int os_error, int *stored);
/* Fails the test: the library broke a rule of platform.h, or the script makes no sense. */
void fake_violation(const char *what, const char *detail);
void fake_calls_reset(void);

/* fake_files.c */
fake_inode *fake_named_inode(const char *path);
/* NULL: it was stolen. */
fake_description *fake_description_of(fst_os_file file);
fst_file_id fake_id_of(const fake_inode *inode);
void fake_files_fork(void);
void fake_files_parent_exits(void);
void fake_files_reset(void);

/* fake_locks.c */
/* Whether another one's lock keeps this open file from reading (SHARED) or writing there. */
bool fake_lock_forbids(const fake_description *description, fst_lock_mode mode, uint64_t offset);
void fake_locks_drop(fake_owner owner, const fake_inode *inode);
void fake_description_closed(const fake_description *description);
void fake_inode_closed(const fake_inode *inode);
/* What the parent's threads have asked for is no longer ours. */
void fake_locks_fork(void);
void fake_locks_parent_exits(int64_t parent);
void fake_locks_reset(void);

/* fake_events.c */
void fake_events_reset(void);

/* fake_time.c */
void fake_schedule(int64_t at, fake_action action, void *argument);
void fake_unschedule(fake_action action, const void *argument);
/* Runs it under another thread's identity. */
void fake_run_as(uint64_t thread, fake_action action, void *argument);
/* If the caller is not the test's thread: leaves it to that one to fail, and never returns. */
void fake_leave_to_test(const char *message);
/* The other simulated threads do not exist any more. */
void fake_threads_vanish(void);
void fake_time_reset(void);

/* fake_platform.c */
int64_t fake_pid(void);

#endif
