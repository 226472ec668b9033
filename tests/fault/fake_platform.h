/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAKE_PLATFORM_H
#define FAKE_PLATFORM_H

/*
 * A system made for tests: every function of src/platform.h upon a file system in memory, locks
 * that follow the rules of fcntl, a clock that moves only when everybody sleeps, and a script.
 *
 * Nothing here sleeps and nothing is left to chance: a thread that parks lets the other simulated
 * threads run; when none can, the clock jumps to the next event of the script or the next deadline.
 * If there is neither, the test fails ("deadlock") instead of hanging. A wake-up that is forgotten
 * is found the same way: a parked thread looks at its word again only when it is unparked.
 *
 * What breaks the contract of platform.h (a file closed twice, finish before done, ...) fails the
 * test with a message.
 */

#include "platform.h"

/* ------------------------------------------------------------------------ the world -- */

/* A new world: one root directory, no files, no script, no faults, the clock at its start. */
void fake_reset(void);

/*
 * Locks belong to the process, as on systems that have no others. To be called before any file is
 * opened.
 */
void fake_set_locks_per_process(bool per_process);

/* What fst_os_locks_can_be_raised answers: true after fake_reset. */
void fake_set_locks_can_be_raised(bool can);

/* Nobody but its owner can read or write the byte 0 while it is locked. */
void fake_set_locks_are_mandatory(bool mandatory);

/*
 * Where the files are, LOCAL after fake_reset; and whether everybody is granted every lock there.
 */
void fake_set_filesystem(fasteners_locality locality, bool locks_are_false);

void fake_make_file(const char *path);
void fake_make_directory(const char *path);
void fake_make_fifo(const char *path);
void fake_make_symlink(const char *path, const char *target);

void fake_delete(const char *path);
/* Moves the name, over whatever is at `to`. */
void fake_rename(const char *from, const char *to);
/* Renames a new empty file over the path. */
void fake_replace(const char *path);
/* Whether this user may read and write the file, or make entries in the directory (writable). */
void fake_permit(const char *path, bool readable, bool writable);

/* What the file at the path contains. */
void fake_set_content(const char *path, const void *bytes, size_t size);
const char *fake_content(const char *path);
size_t fake_size(const char *path);

bool fake_exists(const char *path);
uint32_t fake_mode(const char *path);

/*
 * Another part of the program closes all descriptors of the library, and opens the file at
 * `reused_for` (NULL: nothing) until all these numbers are in use again. To be called while no
 * request is under way.
 */
void fake_steal_files(const char *reused_for);

/*
 * A descriptor of the program's own; a second number for its open file; its close. The library may
 * not close it. After the close, the number is not in use (reused_for NULL), or is another file's.
 */
intptr_t fake_program_opens(const char *path, fst_access access);
intptr_t fake_program_duplicates(intptr_t descriptor);
void fake_program_closes(intptr_t descriptor, const char *reused_for);
/* Whether the system can tell one open file from another one of the same file. */
void fake_set_tells_same_files(bool tells);

/* ------------------------------------------------------------- holders elsewhere -- */

/*
 * Another process, known by its pid, has a lock on the file that the path names now. The program's
 * name is "program<pid>".
 */
void fake_foreign_lock(const char *path, int64_t pid, fst_lock_mode mode, fst_range range);
/* Queues behind those who wait, and gives the lock back hold_ms after it was granted. */
void fake_foreign_queue(const char *path, int64_t pid, fst_range range, int64_t hold_ms);
/* Gives back everything that this process has. */
void fake_foreign_release(int64_t pid);
/* Whether that process has a lock on that byte of the file that the path names now. */
bool fake_foreign_has(const char *path, int64_t pid, uint64_t byte);

/* ----------------------------------------------------------------------- the script -- */

typedef enum fake_operation {
    FAKE_ALLOC,
    FAKE_ABSOLUTE_PATH,
    FAKE_OPEN,
    FAKE_CREATE,
    FAKE_MAKE_PARENTS,
    FAKE_CLOSE,
    FAKE_FILE_ID,
    FAKE_ADOPT,
    FAKE_PATH_ID,
    FAKE_UNLINK,
    FAKE_READ,
    FAKE_WRITE,
    FAKE_LOCK_TRY,
    FAKE_LOCK_TRY_IN_CHILD,
    FAKE_LOCK_TEST,
    FAKE_UNLOCK,
    FAKE_BEGIN,
    FAKE_FINISH,
    FAKE_ABANDON,
    FAKE_HOLDER,
    FAKE_AT_FORK,
    FAKE_EVENT_OPEN,
    FAKE_THREAD_START,
    FAKE_PARK,
    FAKE_UNPARK, /* never fails */
    FAKE_OPERATIONS
} fake_operation;

const char *fake_operation_name(fake_operation operation);

/* How often the operation was called since fake_reset, failures included. */
unsigned fake_calls(fake_operation operation);

/*
 * The nth call from now on (1 = the next; 0 = every one) fails. ALLOC: with NULL. PARK: wakes for
 * no reason. CLOSE closes all the same; FINISH and ABANDON end the request without a lock; any
 * other does nothing at all.
 */
void fake_fail(fake_operation operation, unsigned nth, fasteners_status status, int os_error);
/* Forgets what was to fail and to be done before calls. */
void fake_heal(void);
/* Whether a call was failed. */
bool fake_has_failed(void);

typedef void (*fake_action)(void *argument);

/*
 * Runs the action just before the nth call from now on (0: every one), in the thread
 * FAKE_OTHER_THREAD.
 */
void fake_before(fake_operation operation, unsigned nth, fake_action action, void *argument);
/* Runs the action at that time after fake_reset, in the thread FAKE_OTHER_THREAD. */
void fake_at_ms(int64_t ms, fake_action action, void *argument);

/* How long after a grant `done` is called. Default 0: at the same time, when the threads sleep. */
void fake_set_done_delay_ms(int64_t ms);
/* abandon calls `done` before it returns, if it was not called yet. */
void fake_set_done_in_abandon(bool called);

/* ------------------------------------------------------------------ time and threads -- */

#define FAKE_MAIN_THREAD 1
#define FAKE_OTHER_THREAD 99

/* What the clock on the wall says at fake_reset: a day in 2026. */
#define FAKE_WALL_CLOCK_MS INT64_C(1790000000000)

int64_t fake_elapsed_ms(void);
int64_t fake_elapsed_ns(void);
/* Moves the clock; what is due on the way happens. */
void fake_advance_ms(int64_t ms);
/* The clock's reading from now on. */
void fake_set_clock(int64_t now);

/* The caller takes this identity. */
void fake_become_thread(uint64_t id);

/*
 * A thread that runs whenever the others sleep; gets the id 101, 102, ... in order since
 * fake_reset.
 */
void fake_thread_start(fake_action body, void *argument);
/* Waits until all of them have ended. */
void fake_threads_join(void);

/* Whether the event with that descriptor is set. */
bool fake_event_is_set(intptr_t descriptor);

/* ------------------------------------------------------------------------------ fork -- */

/* The process forks: goes on as the parent. */
void fake_fork_as_parent(void);
/*
 * Goes on as the child, where the calling thread is the only one. The parent's descriptors stay
 * open elsewhere and keep their locks until fake_parent_exits.
 */
void fake_fork_as_child(void);
/* The same by a raw clone: none of the functions given to fst_os_at_fork is called. */
void fake_clone_as_child(void);
void fake_parent_exits(void);

/* ------------------------------------------------------------------------- accounts -- */

unsigned fake_memory_blocks(void);
/* One block was in the hands of a thread that is gone. */
void fake_forget_memory_block(void);
unsigned fake_open_files(void);
/* How often a descriptor was adopted and not disowned. */
unsigned fake_adopted(void);
unsigned fake_requests(void);
unsigned fake_events(void);
/* Bytes locked by this process, in whatever file. */
unsigned fake_locks(void);
/*
 * Whether this process (or the file it shares with its parent) has locked this byte of the named
 * file.
 */
bool fake_we_lock(const char *path, uint64_t byte);
/* ... and no other process can have it meanwhile, not even shared. */
bool fake_we_lock_alone(const char *path, uint64_t byte);

#endif
