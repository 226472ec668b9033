/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "call.h"

#include <inttypes.h>

#include "moves.h"
#include "patience.h"

static note *take_note(actor *me, deed what, int path, int which, int64_t timeout_ms)
{
    seat_state *seat = seat_of(me);
    note *next = &seat->notes[atomic_fetch_add(&seat->noted, 1) % NOTES];

    *next = (note){.at = test_now(),
                   .timeout_ms = timeout_ms,
                   .what = (int32_t)what,
                   .path = path,
                   .handle = which,
                   .status = UNDER_WAY};
    atomic_fetch_add_explicit(&seat->deeds[what], 1, memory_order_relaxed);
    return next;
}

void move_note(actor *me, deed what, int path, int which)
{
    take_note(me, what, path, which, 0)->status = FASTENERS_OK;
}

call call_begin(actor *me, deed what, int path, int which, int64_t timeout_ms)
{
    handle *on = handle_of(me, path, which);

    return (call){.me = me,
                  .what = what,
                  .path = path,
                  .which = which,
                  .on = on,
                  .mine = &me->holds[path][which],
                  .timeout_ms = timeout_ms,
                  .noted = take_note(me, what, path, which, timeout_ms),
                  .epoch = monitor_epoch(me->who.arena, path),
                  .scarcity = atomic_load(&me->worker->scarcity),
                  .cancels = atomic_load(&on->cancels_ended),
                  .begun = test_now()};
}

bool call_was_scarce(const call *of)
{
    return of->scarcity % 2 != 0 || atomic_load(&of->me->worker->scarcity) != of->scarcity;
}

static bool may_be_cancelled(const call *of)
{
    return of->timeout_ms != FASTENERS_NO_WAIT &&
           atomic_load(&of->on->cancels_begun) != of->cancels;
}

bool call_is_shortage(const call *of, fasteners_status status)
{
    return call_was_scarce(of) && (status == FASTENERS_OS_ERROR || status == FASTENERS_NO_MEMORY ||
                                   status == FASTENERS_NOT_SUPPORTED);
}

static const char *kind_of(const handle *h)
{
    return h->is_rw ? "rwlock" : "lock";
}

void call_require(const call *of, bool right, fasteners_status status, const char *rule)
{
    if (right)
        return;
    violate(of->me->who.arena, of->path,
            "%s on path %d (%s, %s handle, time-out %" PRId64 "), worker %d incarnation %" PRIu64
            " seat %d with %u reads and %u writes: %s after %" PRId64
            " us, os error %d, scarcity %" PRIu64 ": %s",
            deed_names[of->what], of->path, kind_of(of->on), of->which == OWN ? "own" : "common",
            of->timeout_ms, of->me->who.worker, of->me->who.incarnation, of->me->who.seat,
            of->mine->reads, of->mine->writes, fasteners_status_name(status),
            (test_now() - of->begun) / 1000, handle_os_error(of->on), of->scarcity, rule);
}

void call_end(const call *of, fasteners_status status)
{
    of->noted->status = (int32_t)status;
}

void call_count(const call *of, fasteners_status status)
{
    call_end(of, status);
    if ((unsigned)status < STATUSES)
        atomic_fetch_add_explicit(&seat_of(of->me)->statuses[status], 1, memory_order_relaxed);
}

void call_check_state(const call *of)
{
    const handle *on = of->on;
    const hold *mine = of->mine;

    call_require(of, !is_held(mine) || handle_is_held(on), FASTENERS_OK, "a hold is not shown");
    if (!on->is_rw)
        return;
    call_require(of, fasteners_ipc_rwlock_is_reader(on->rwlock) == (mine->reads != 0), FASTENERS_OK,
                 "is_reader is wrong");
    call_require(of, fasteners_ipc_rwlock_is_writer(on->rwlock) == (mine->writes != 0),
                 FASTENERS_OK, "is_writer is wrong");
}

static bool is_late(const call *of)
{
    return test_now() - of->begun >= of->timeout_ms * 1000000;
}

void call_judge_wait(const call *of, fasteners_status status)
{
    switch (status) {
    case FASTENERS_OK:
        return;
    case FASTENERS_BUSY:
        call_require(of, of->timeout_ms == FASTENERS_NO_WAIT, status, "BUSY is for NO_WAIT");
        return;
    case FASTENERS_TIMED_OUT:
        call_require(of, of->timeout_ms > 0, status, "there was no time-out");
        call_require(of, is_late(of), status, "it is too early");
        return;
    case FASTENERS_CANCELLED:
        call_require(of, may_be_cancelled(of), status, "nobody has cancelled");
        return;
    default:
        call_require(of, call_is_shortage(of, status), status, "there is no reason for it");
    }
}
