/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PROC_INFO_H
#define TESTS_SUPPORT_PROC_INFO_H

/*
 * What the kernel tells about locks and threads (Linux, /proc). With it a test knows that somebody
 * is really waiting, instead of sleeping and hoping. Windows tells less: see proc_info_windows.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The locks on one file, as /proc/locks shows them. */
typedef struct file_locks {
    int held;    /* granted locks */
    int queued;  /* requests that wait */
    int ofd;     /* how many of both belong to an open file description */
    int classic; /* how many of both belong to a process */
} file_locks;

/* Of the file that the path names now. All zero if there is none. */
file_locks locks_on(const char *path);

/* Of a file known by its inode number: for one that has lost its name. */
file_locks locks_on_inode(uint64_t inode);

/* 0 if there is no such file. */
uint64_t inode_of(const char *path);

/*
 * Waits until at least n lock requests are queued on the file, whatever bytes they are for. One
 * handle queues one request at a time: further threads on it wait for each other inside the
 * process. False: it did not come to that within test_patience_ms().
 */
bool wait_until_queued(const char *path, int n);
bool wait_until_inode_queued(uint64_t inode, int n);

#ifdef _WIN32
/* Waits until a fair lock's gate is taken: see lock_file.h. */
bool wait_until_gate_is_taken(const char *path);
#endif

/* Whether this is a Windows that is none. */
bool is_wine(void);

/*
 * Waits until the thread sleeps and goes on sleeping: for waits inside a process, which
 * /proc/locks does not show. False if it runs on and on.
 */
bool wait_until_asleep(long pid, long thread);

/* The same, or until it has slept several times: for waits that may poll. */
bool wait_until_waiting(long pid, long thread);

/* The process's open descriptors and its threads. -1: it cannot be told. */
int count_descriptors(long pid);
int count_threads(long pid);

/* The name of this machine. */
bool host_name(char *name, size_t size);

/* The calling thread, as the functions above take it. */
long this_thread(void);

/*
 * Around a call that may wait for the lock at the path. Nothing where the system shows who waits;
 * elsewhere this is what wait_until_queued knows.
 */
void note_call_begins(const char *path);
void note_call_ends(const char *path);

/* How often the thread has gone to sleep so far. -1: it cannot be told. */
long sleeps_of(long pid, long thread);

#endif
