/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc_wait.h"

enum { RUNNING, SETTLED, OVER };

struct fasteners_ipc_wait {
    fst_ipc_handle *handle;
    const fst_ipc_wait_calls *calls;
    fst_wait wait;
    fst_os_event event;
    bool has_event;
    fst_fork_member fork;

    fasteners_status outcome; /* written before SETTLED */
    fst_report report;
    _Atomic uint32_t state;
};

/* --------------------------------------------------------------------------- outcome -- */

static void settle(fasteners_ipc_wait *begun, fasteners_status outcome)
{
    /* BUSY would say "not yet". */
    begun->outcome = outcome == FASTENERS_BUSY ? FASTENERS_TIMED_OUT : outcome;
    atomic_store(&begun->state, SETTLED);
    fst_os_event_set(&begun->event);
    const _Atomic uint32_t *word = &begun->state;
    atomic_store(&begun->state, OVER);
    fst_os_unpark(word);
}

/* The runner is about to let go of it. */
static void wait_until_over(const fasteners_ipc_wait *begun)
{
    uint32_t state;

    while ((state = atomic_load(&begun->state)) != OVER)
        fst_os_park(&begun->state, state, FST_NEVER);
}

static void reset_after_fork(fst_fork_member *member)
{
    fasteners_ipc_wait *begun =
        (fasteners_ipc_wait *)(void *)((char *)member - offsetof(fasteners_ipc_wait, fork));

    begun->report = (fst_report){0};
    begun->outcome = FASTENERS_CANCELLED;
    atomic_store(&begun->state, OVER);
    if (begun->has_event)
        fst_os_event_renew(&begun->event);
}

/* ----------------------------------------------------------------------------- begin -- */

static void *run(void *argument)
{
    fasteners_ipc_wait *begun = argument;

    settle(begun, begun->calls->acquire(begun->handle, &begun->wait, &begun->report));
    return NULL;
}

/* Whoever can have it at once needs no thread; but not ahead of those who have begun before. */
static fasteners_status try_now(fasteners_ipc_wait *begun)
{
    fst_wait now;

    if (begun->calls->takes_turn && fst_turn_has_queue(&begun->handle->turn))
        return FASTENERS_BUSY;
    fst_wait_init(&now, FASTENERS_NO_WAIT);
    now.thread = begun->wait.thread;
    return begun->calls->acquire(begun->handle, &now, &begun->report);
}

/* Threads start in no order: so their places in the queue are taken for them. */
static fasteners_status start_runner(fasteners_ipc_wait *begun, int *os_error)
{
    fst_turn *turn = &begun->handle->turn;

    if (begun->calls->takes_turn)
        fst_turn_queue(turn, &begun->wait);
    fasteners_status status = fst_os_thread_start(run, begun, os_error);
    if (status != FASTENERS_OK && begun->calls->takes_turn)
        fst_turn_unqueue(turn, &begun->wait);
    return status;
}

static fasteners_status start(fasteners_ipc_wait *begun, int *os_error)
{
    fasteners_status status = try_now(begun);

    if (status == FASTENERS_BUSY && begun->wait.timeout_ms != FASTENERS_NO_WAIT)
        return start_runner(begun, os_error);
    settle(begun, status);
    return FASTENERS_OK;
}

static fasteners_status open_event(fasteners_ipc_wait *begun, int *os_error)
{
    fasteners_status status = fst_os_event_open(&begun->event, os_error);

    begun->has_event = status == FASTENERS_OK;
    return status;
}

/* It waits from now on, whenever its thread gets to run. */
static void init_wait(fasteners_ipc_wait *begun, int64_t timeout_ms)
{
    fst_wait_init_begun(&begun->wait, timeout_ms);
    if (timeout_ms != FASTENERS_NO_WAIT)
        fst_wait_deadline(&begun->wait);
    begun->calls->enter(begun->handle, &begun->wait);
}

static void discard(fasteners_ipc_wait *begun)
{
    fst_at_fork_remove(&begun->fork);
    if (begun->has_event)
        fst_os_event_close(&begun->event);
    fst_os_free(begun);
}

static fasteners_status begin(fst_ipc_handle *handle, const fst_ipc_wait_calls *calls,
                              int64_t timeout_ms, fasteners_ipc_wait **made, fst_report *report)
{
    int os_error = 0;
    fasteners_ipc_wait *begun = fst_os_alloc(sizeof(*begun));

    if (begun == NULL)
        return fst_report_note(report, "begin a wait", FASTENERS_NO_MEMORY, 0);
    begun->handle = handle;
    begun->calls = calls;
    init_wait(begun, timeout_ms);
    fasteners_status status = fst_at_fork_add(&begun->fork, reset_after_fork, &os_error);
    if (status != FASTENERS_OK) {
        fst_os_free(begun);
        return fst_report_note(report, "begin a wait", status, os_error);
    }
    status = open_event(begun, &os_error);
    if (status == FASTENERS_OK)
        status = start(begun, &os_error);
    if (status == FASTENERS_OK)
        *made = begun;
    else
        discard(begun);
    return fst_report_note(report, "begin a wait", status, os_error);
}

fasteners_status fst_ipc_wait_begin(fst_ipc_handle *handle, const fst_ipc_wait_calls *calls,
                                    int64_t timeout_ms, fasteners_ipc_wait **begun)
{
    fst_report report = {0};

    if (!fst_ipc_handle_timeout_is_valid(handle, timeout_ms))
        return FASTENERS_INVALID;
    fasteners_status status = begin(handle, calls, timeout_ms, begun, &report);
    return fst_ipc_handle_conclude(handle, calls->name, status, &report);
}

/* ------------------------------------------------------------------- finish, abandon -- */

intptr_t fasteners_ipc_wait_descriptor(const fasteners_ipc_wait *wait)
{
    return wait != NULL ? wait->event.descriptor : -1;
}

/* What the log hears may use the lock, and so the wait must be gone before. */
static fasteners_status end(fasteners_ipc_wait *begun, fasteners_status status)
{
    fst_ipc_handle *handle = begun->handle;
    const fst_report report = begun->report;
    const char *name = begun->calls->name;

    discard(begun);
    return fst_ipc_handle_conclude(handle, name, status, &report);
}

/* Only who takes the turn has a record to write. */
static void give_back(fasteners_ipc_wait *begun)
{
    if (begun->calls->takes_turn)
        fst_lock_file_set_unheard(&begun->handle->writing, true);
    begun->calls->drop(begun->handle, begun->wait.thread, &begun->report);
}

/* BUSY: not now. */
static fasteners_status take_over(fasteners_ipc_wait *begun)
{
    fst_ipc_handle *handle = begun->handle;

    if (begun->outcome != FASTENERS_OK)
        return begun->outcome;
    fasteners_status status = begun->calls->pass_on(handle, begun->wait.thread,
                                                    fst_ipc_handle_self(handle), &begun->report);
    if (status == FASTENERS_WOULD_DEADLOCK)
        give_back(begun);
    return status;
}

fasteners_status fasteners_ipc_wait_finish(fasteners_ipc_wait **wait)
{
    if (wait == NULL || *wait == NULL)
        return FASTENERS_INVALID;
    fst_at_fork_check();
    fasteners_ipc_wait *begun = *wait;
    if (atomic_load(&begun->state) == RUNNING)
        return FASTENERS_BUSY;
    wait_until_over(begun);
    fasteners_status status = take_over(begun);
    if (status == FASTENERS_BUSY)
        return status;
    *wait = NULL;
    return end(begun, status);
}

void fasteners_ipc_wait_abandon(fasteners_ipc_wait **wait)
{
    if (wait == NULL || *wait == NULL)
        return;
    fst_at_fork_check();
    fasteners_ipc_wait *begun = *wait;
    *wait = NULL;
    if (atomic_load(&begun->state) == RUNNING)
        fst_wait_send(&begun->wait, FST_SIGNAL_CANCEL);
    wait_until_over(begun);
    if (begun->outcome == FASTENERS_OK)
        give_back(begun);
    /* For the log: what the wait failed with, or what became of it. */
    end(begun, begun->outcome != FASTENERS_OK ? begun->outcome : FASTENERS_CANCELLED);
}
