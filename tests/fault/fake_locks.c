/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Locks by the rules of fcntl: byte by byte, an owner's new lock replaces its old one, a request is
 * granted as soon as nothing is in its way, first come first served.
 */

typedef struct byte_lock {
    struct byte_lock *next;
    const fake_inode *inode;
    uint64_t byte;
    fake_owner owner;
    fst_lock_mode mode;
} byte_lock;

/* A request of the library, or of a process elsewhere (description NULL). */
typedef struct request {
    struct request *next;
    const fake_inode *inode;
    fake_owner owner;
    fst_lock_mode mode;
    fst_range range;
    bool granted, done_called;
    bool is_of_parent; /* granted like any other, but nobody here is told */
    const fake_description *description;
    void (*done)(void *argument);
    void *argument;
    int64_t pid, hold_ms;
} request;

/* Nobody locks farther out; keeps a whole-file lock from making 2^63 entries. */
enum { BYTES_MAX = 64, NS_PER_MS = 1000000 };

/* The pid of the child that asks for a lock. */
enum { FAKE_CHILD = 777 };

static byte_lock *locks;
static request *requests;
static bool per_process;
static bool cannot_be_raised;
static bool mandatory;
static int64_t done_delay_ms;
static bool done_in_abandon;
static fasteners_locality locality;
static bool locks_are_false;

void fake_set_filesystem(fasteners_locality where, bool are_false)
{
    locality = where;
    locks_are_false = are_false;
}

bool fst_os_locks_are_trusted(fst_os_file file)
{
    (void)file;
    return locality == FASTENERS_LOCALITY_LOCAL;
}

void fst_os_describe_filesystem(fst_os_file file, fasteners_locality *where, char *name,
                                size_t size)
{
    (void)file;
    *where = locality;
    (void)snprintf(name, size, "fakefs");
}

void fake_set_locks_per_process(bool value)
{
    per_process = value;
}

bool fst_os_locks_per_process(void)
{
    return per_process;
}

void fake_set_locks_can_be_raised(bool value)
{
    cannot_be_raised = !value;
}

void fake_set_locks_are_mandatory(bool value)
{
    mandatory = value;
}

bool fst_os_locks_can_be_raised(void)
{
    return !cannot_be_raised;
}

void fake_set_done_delay_ms(int64_t ms)
{
    done_delay_ms = ms;
}

void fake_set_done_in_abandon(bool called)
{
    done_in_abandon = called;
}

static fake_owner owner_of(const fake_description *description)
{
    return per_process ? fake_owner_process(fake_pid())
                       : fake_owner_description(description->number);
}

/* ----------------------------------------------------------------------------- table -- */

static bool is_in(uint64_t byte, fst_range range)
{
    return byte >= range.first && (range.length == 0 || byte - range.first < range.length);
}

static const byte_lock *find_conflict(const fake_inode *inode, fake_owner owner, fst_lock_mode mode,
                                      fst_range range)
{
    for (const byte_lock *lock = locks; lock != NULL && !locks_are_false; lock = lock->next)
        if (lock->inode == inode && lock->owner != owner && is_in(lock->byte, range) &&
            (mode == FST_EXCLUSIVE || lock->mode == FST_EXCLUSIVE))
            return lock;
    return NULL;
}

bool fake_lock_forbids(const fake_description *description, fst_lock_mode mode, uint64_t offset)
{
    const fst_range lock_byte = {.first = 0, .length = 1};

    return mandatory && offset == 0 &&
           find_conflict(description->inode, owner_of(description), mode, lock_byte) != NULL;
}

static void drop(fake_owner owner, const fake_inode *inode, fst_range range)
{
    byte_lock **link = &locks;

    while (*link != NULL) {
        byte_lock *lock = *link;
        if (lock->owner == owner && (inode == NULL || lock->inode == inode) &&
            is_in(lock->byte, range)) {
            *link = lock->next;
            free(lock);
        } else {
            link = &lock->next;
        }
    }
}

static void take(const fake_inode *inode, fake_owner owner, fst_lock_mode mode, fst_range range)
{
    drop(owner, inode, range);
    for (uint64_t i = 0; i < range.length; i++) {
        byte_lock *lock = calloc(1, sizeof(*lock));
        if (lock == NULL)
            abort();
        *lock = (byte_lock){
            .next = locks, .inode = inode, .byte = range.first + i, .owner = owner, .mode = mode};
        locks = lock;
    }
}

static const fst_range everything = {.first = 0, .length = UINT64_MAX};

/* -------------------------------------------------------------------------- requests -- */

static void call_done(void *argument)
{
    request *r = argument;

    r->done_called = true;
    r->done(r->argument);
}

static void end_foreign_hold(void *argument)
{
    request *r = argument;

    fake_foreign_release(r->pid);
}

static void schedule_after_grant(request *r)
{
    if (r->is_of_parent)
        return;
    int64_t delay_ms = r->description != NULL ? done_delay_ms : r->hold_ms;

    fake_schedule(fst_os_now() + delay_ms * NS_PER_MS,
                  r->description != NULL ? call_done : end_foreign_hold, r);
}

static void grant_what_can_be(void)
{
    for (request *r = requests; r != NULL; r = r->next) {
        if (r->granted || find_conflict(r->inode, r->owner, r->mode, r->range) != NULL)
            continue;
        r->granted = true;
        take(r->inode, r->owner, r->mode, r->range);
        schedule_after_grant(r);
    }
}

static request *enqueue(request made)
{
    request *r = malloc(sizeof(*r));
    request **end = &requests;

    if (r == NULL)
        abort();
    *r = made;
    while (*end != NULL)
        end = &(*end)->next;
    *end = r;
    grant_what_can_be();
    return r;
}

static void remove_request(request *r)
{
    request **link = &requests;

    while (*link != r)
        link = &(*link)->next;
    *link = r->next;
    fake_unschedule(call_done, r);
    fake_unschedule(end_foreign_hold, r);
    free(r);
}

void fake_locks_drop(fake_owner owner, const fake_inode *inode)
{
    drop(owner, inode, everything);
    grant_what_can_be();
}

void fake_description_closed(const fake_description *description)
{
    for (const request *r = requests; r != NULL; r = r->next)
        if (r->description == description)
            fake_violation("a file was closed", "with a request under way on it");
    fake_locks_drop(fake_owner_description(description->number), NULL);
}

void fake_inode_closed(const fake_inode *inode)
{
    fake_locks_drop(fake_owner_process(fake_pid()), inode);
}

void fake_locks_fork(void)
{
    for (request *r = requests; r != NULL; r = r->next) {
        if (r->description == NULL)
            continue;
        r->is_of_parent = true;
        r->description = NULL;
        fake_unschedule(call_done, r);
    }
}

static request *find_of_parent(void)
{
    request *r = requests;

    while (r != NULL && !r->is_of_parent)
        r = r->next;
    return r;
}

void fake_locks_parent_exits(int64_t parent)
{
    request *r;

    while ((r = find_of_parent()) != NULL)
        remove_request(r);
    fake_locks_drop(fake_owner_process(parent), NULL);
}

/* -------------------------------------------------------------------- foreign holders -- */

static const fake_inode *named(const char *path)
{
    const fake_inode *inode = fake_named_inode(path);

    if (inode == NULL)
        fake_violation("no such file", path);
    return inode;
}

void fake_foreign_lock(const char *path, int64_t pid, fst_lock_mode mode, fst_range range)
{
    const fake_inode *inode = named(path);

    if (find_conflict(inode, fake_owner_foreign(pid), mode, range) != NULL)
        fake_violation("the foreign holder cannot have it", path);
    take(inode, fake_owner_foreign(pid), mode, range);
}

void fake_foreign_queue(const char *path, int64_t pid, fst_range range, int64_t hold_ms)
{
    enqueue((request){.inode = named(path),
                      .owner = fake_owner_foreign(pid),
                      .mode = FST_EXCLUSIVE,
                      .range = range,
                      .pid = pid,
                      .hold_ms = hold_ms});
}

static request *find_granted_foreign(int64_t pid)
{
    request *r = requests;

    while (r != NULL && !(r->granted && r->pid == pid))
        r = r->next;
    return r;
}

void fake_foreign_release(int64_t pid)
{
    request *r = find_granted_foreign(pid);

    if (r != NULL)
        remove_request(r);
    fake_locks_drop(fake_owner_foreign(pid), NULL);
}

static bool has(fake_owner owner, const fake_inode *inode, uint64_t byte)
{
    for (const byte_lock *lock = locks; lock != NULL; lock = lock->next)
        if (lock->inode == inode && lock->byte == byte && lock->owner == owner)
            return true;
    return false;
}

bool fake_foreign_has(const char *path, int64_t pid, uint64_t byte)
{
    return has(fake_owner_foreign(pid), named(path), byte);
}

/* -------------------------------------------------------------------------- accounts -- */

static bool is_ours(fake_owner owner)
{
    return owner < fake_owner_process(0) || owner == fake_owner_process(fake_pid());
}

static const byte_lock *find_ours(const char *path, uint64_t byte)
{
    const fake_inode *inode = fake_named_inode(path);
    const byte_lock *lock = locks;

    while (lock != NULL && !(lock->inode == inode && lock->byte == byte && is_ours(lock->owner)))
        lock = lock->next;
    return lock;
}

bool fake_we_lock(const char *path, uint64_t byte)
{
    return find_ours(path, byte) != NULL;
}

bool fake_we_lock_alone(const char *path, uint64_t byte)
{
    const byte_lock *lock = find_ours(path, byte);

    return lock != NULL && lock->mode == FST_EXCLUSIVE;
}

unsigned fake_locks(void)
{
    unsigned count = 0;

    for (const byte_lock *lock = locks; lock != NULL; lock = lock->next)
        count += is_ours(lock->owner);
    return count;
}

unsigned fake_requests(void)
{
    unsigned count = 0;

    for (const request *r = requests; r != NULL; r = r->next)
        count += r->description != NULL;
    return count;
}

/* ---------------------------------------------------------------------- platform.h's -- */

static void check_range(const fake_description *description, fst_lock_mode mode, fst_range range)
{
    if (range.length == 0 || range.first + range.length > BYTES_MAX)
        fake_violation("a strange range", "of bytes to lock");
    if (description != NULL && mode == FST_EXCLUSIVE && description->access == FST_READ)
        fake_violation("an exclusive lock", "on a file opened for reading");
}

fasteners_status fst_os_lock_try(fst_os_file file, fst_lock_mode mode, fst_range range,
                                 int *os_error)
{
    fasteners_status status;
    const fake_description *description = fake_description_of(file);

    check_range(description, mode, range);
    if (fake_call(FAKE_LOCK_TRY, &status, os_error))
        return status;
    if (description == NULL)
        return fake_refuse(FASTENERS_LOST, EBADF, os_error);
    if (find_conflict(description->inode, owner_of(description), mode, range) != NULL)
        return fake_refuse(FASTENERS_BUSY, EAGAIN, os_error);
    take(description->inode, owner_of(description), mode, range);
    grant_what_can_be();
    return FASTENERS_OK;
}

fasteners_status fst_os_lock_try_in_child(const char *path, fst_lock_mode mode, fst_range range,
                                          int *os_error)
{
    fasteners_status status;
    const fake_inode *inode = fake_named_inode(path);

    if (fake_call(FAKE_LOCK_TRY_IN_CHILD, &status, os_error))
        return status;
    if (inode == NULL)
        return fake_refuse(FASTENERS_NOT_FOUND, ENOENT, os_error);
    if (find_conflict(inode, fake_owner_foreign(FAKE_CHILD), mode, range) != NULL)
        return fake_refuse(FASTENERS_BUSY, EAGAIN, os_error);
    return FASTENERS_OK;
}

fasteners_status fst_os_lock_test(fst_os_file file, fst_lock_mode mode, fst_range range,
                                  int *os_error)
{
    fasteners_status status;
    const fake_description *description = fake_description_of(file);

    check_range(NULL, mode, range);
    if (fake_call(FAKE_LOCK_TEST, &status, os_error))
        return status;
    if (description == NULL)
        return fake_refuse(FASTENERS_LOST, EBADF, os_error);
    return find_conflict(description->inode, owner_of(description), mode, range) != NULL
               ? FASTENERS_BUSY
               : FASTENERS_OK;
}

fasteners_status fst_os_unlock(fst_os_file file, fst_range range, int *os_error)
{
    fasteners_status status;
    const fake_description *description = fake_description_of(file);

    if (range.length != 0) /* else: to the end */
        check_range(description, FST_SHARED, range);
    if (fake_call(FAKE_UNLOCK, &status, os_error))
        return status;
    if (description == NULL)
        return fake_refuse(FASTENERS_LOST, EBADF, os_error);
    drop(owner_of(description), description->inode, range);
    grant_what_can_be();
    return FASTENERS_OK;
}

fasteners_status fst_os_lock_begin(fst_lock_request *made, fst_os_file file, fst_lock_mode mode,
                                   fst_range range, void (*done)(void *argument), void *argument,
                                   int *os_error)
{
    fasteners_status status;
    const fake_description *description = fake_description_of(file);

    check_range(description, mode, range);
    if (fake_call(FAKE_BEGIN, &status, os_error))
        return status;
    if (description == NULL)
        return fake_refuse(FASTENERS_LOST, EBADF, os_error);
    made->state = enqueue((request){.inode = description->inode,
                                    .owner = owner_of(description),
                                    .mode = mode,
                                    .range = range,
                                    .description = description,
                                    .done = done,
                                    .argument = argument});
    return FASTENERS_OK;
}

/* Ends the request; the lock goes too unless it is kept. */
static void settle(request *r, bool keep)
{
    const fake_inode *inode = r->inode;
    fake_owner owner = r->owner;
    fst_range range = r->range;
    bool granted = r->granted;

    remove_request(r);
    if (!granted || keep)
        return;
    drop(owner, inode, range);
    grant_what_can_be();
}

static request *request_of(const fst_lock_request *given)
{
    request *r = requests;

    while (r != NULL && r != given->state)
        r = r->next;
    if (r == NULL)
        fake_violation("a request", "was ended twice");
    return r;
}

fasteners_status fst_os_lock_finish(fst_lock_request *given, int *os_error)
{
    fasteners_status status;
    request *r = request_of(given);
    bool fails = fake_call(FAKE_FINISH, &status, os_error);

    if (!r->done_called)
        fake_violation("finish", "before done was called");
    settle(r, !fails);
    return fails ? status : FASTENERS_OK;
}

fasteners_status fst_os_lock_abandon(fst_lock_request *given, int *os_error)
{
    fasteners_status status;
    request *r = request_of(given);
    bool fails = fake_call(FAKE_ABANDON, &status, os_error);
    bool granted = r->granted;

    if (done_in_abandon && !r->done_called)
        fake_run_as(FAKE_OTHER_THREAD, call_done, r);
    settle(r, !fails);
    if (fails)
        return status;
    return granted ? FASTENERS_OK : fake_refuse(FASTENERS_BUSY, EAGAIN, os_error);
}

static void describe(fake_owner owner, fasteners_holder *holder)
{
    if (owner < fake_owner_foreign(0)) {
        fst_os_describe_self(holder);
        return;
    }
    holder->pid = (int64_t)(owner - fake_owner_foreign(0));
    (void)snprintf(holder->program, sizeof(holder->program), "program%lld", (long long)holder->pid);
}

static void tell(const byte_lock *lock, fst_holder_fn *report, void *user)
{
    fasteners_holder holder = {.shared = lock->mode == FST_SHARED};

    describe(lock->owner, &holder);
    report(user, &holder);
}

fasteners_status fst_os_lock_holders(fst_os_file file, fst_file_id id, fst_range range,
                                     fst_holder_fn *report, void *user, int *os_error)
{
    fasteners_status status;
    const fake_description *description = fake_description_of(file);
    bool any = false;

    if (fake_call(FAKE_HOLDER, &status, os_error))
        return status;
    if (description == NULL)
        return fake_refuse(FASTENERS_LOST, EBADF, os_error);
    if (!fst_file_id_equal(id, fake_id_of(description->inode)))
        fake_violation("lock_holders", "with the id of another file");
    for (const byte_lock *lock = locks; lock != NULL; lock = lock->next) {
        if (lock->inode != description->inode || lock->owner == owner_of(description) ||
            !is_in(lock->byte, range))
            continue;
        tell(lock, report, user);
        any = true;
    }
    return any ? FASTENERS_OK : fake_refuse(FASTENERS_NOT_FOUND, ENOENT, os_error);
}

void fake_locks_reset(void)
{
    while (requests != NULL)
        remove_request(requests);
    while (locks != NULL) {
        byte_lock *gone = locks;
        locks = gone->next;
        free(gone);
    }
    per_process = false;
    cannot_be_raised = false;
    mandatory = false;
    fake_set_filesystem(FASTENERS_LOCALITY_LOCAL, false);
    done_delay_ms = 0;
    done_in_abandon = false;
}
