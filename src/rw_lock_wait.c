/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Waiting. A newcomer tries for about a microsecond, then queues. Only the head of the queue
 * competes for the lock, with running threads that come along; the others sleep each on a signal of
 * its own.
 *
 * What the head waits for decides where it sleeps:
 *   - a writer: on that writer's record (5, 6), so that the writer touches only its own memory
 *     after a release. If the lock is taken again when the head has woken up, it asks to be handed
 *     the lock (HAND_OVER), see ask_for_the_lock.
 *   - counted readers: on its own signal, having set PEND; the last of them wakes it.
 *   - at a hammered lock, where many threads come and go in no time, it first naps on a timer: then
 *     one thread runs on with all in its caches, and pays for no wake-up.
 *
 * What is changed by others: the role, under the mutex, and the signal. If the process forks while
 * a thread is in here, the child finds the lock through busy_on.
 */

#include "annotate.h"
#include "rw_lock.h"
#include "rw_tuning.h"

enum { SPINS_PER_YIELD = 32, MOST_HASTE = 8 };

typedef struct entry {
    fst_rw_call *call;
    fst_waiter waiter;
    fst_hold place;   /* a reader's */
    uint64_t counted; /* how many counted readers may stay: an upgrading reader itself */
    uint64_t before;  /* a writer's: what the word was */
    bool was_head;
    uint32_t naps; /* still to be taken as the head */
    bool slept;    /* as the head */
} entry;

static bool is_reader(const entry *self)
{
    return self->waiter.kind == FST_READER_WAITS;
}

static fst_waiter_role role_of(const entry *self)
{
    return (fst_waiter_role)atomic_load_explicit(&self->waiter.role, memory_order_acquire);
}

/* One try. past_pend: for the head, for whom PEND was set. */
static bool try_to_enter(entry *self, bool past_pend)
{
    fst_rw *lock = self->call->lock;
    uint64_t marks = self->waiter.kind == FST_UPGRADER_WAITS ? FST_UPGRADE : 0;

    if (is_reader(self))
        return fst_rw_try_read(lock, self->call->me, self->place,
                               past_pend || (fst_rw_flags(lock) & FST_READERS_FIRST) != 0);
    return fst_rw_take_word(lock, self->call->me, self->counted, marks, past_pend, &self->before);
}

static bool seems_free(const entry *self)
{
    uint64_t word = fst_rw_word(self->call->lock);

    return (word & FST_WRITER) == 0 && (is_reader(self) || word / FST_ONE <= self->counted);
}

/* ------------------------------------------------------------------------- newcomers -- */

/* Notes that somebody has to wait, soon after another or not. */
static void note_arrival(fst_rw *lock)
{
    uint32_t now = (uint32_t)fst_os_now();
    uint32_t since = now - atomic_load_explicit(&lock->last_arrival, memory_order_relaxed);
    uint8_t haste = atomic_load_explicit(&lock->haste, memory_order_relaxed);

    atomic_store_explicit(&lock->last_arrival, now, memory_order_relaxed);
    if (since < fst_rw_tuning.haste_ns)
        haste = haste < MOST_HASTE ? haste + 1 : MOST_HASTE;
    else
        haste = haste > 0 ? haste - 1 : 0;
    atomic_store_explicit(&lock->haste, haste, memory_order_relaxed);
}

/* Whether threads run into each other here all the time. */
static bool is_hammered(const fst_rw *lock)
{
    return atomic_load_explicit(&lock->haste, memory_order_relaxed) >= fst_rw_tuning.haste;
}

static bool spin(entry *self, uint32_t tries, bool past_pend)
{
    for (uint32_t i = 1; i <= tries; i++) {
        fst_os_pause();
        if (i % SPINS_PER_YIELD == 0)
            fst_os_yield();
        if (seems_free(self) && try_to_enter(self, past_pend))
            return true;
    }
    return false;
}

/* -------------------------------------------------------------------------- queueing -- */

/*
 * If counted readers are in the way: nobody enters from now on, and the last of them wakes the
 * head. Whether that is so now.
 */
static bool set_pend_locked(const entry *self)
{
    fst_rw *lock = self->call->lock;
    uint64_t word = fst_rw_word(lock);

    while ((word & FST_WRITER) == 0 && word / FST_ONE > self->counted)
        if ((word & FST_PEND) != 0 ||
            atomic_compare_exchange_strong(&lock->word, &word, word | FST_PEND))
            return true;
    return false;
}

/* With PROMOTE the writer makes a head when it releases. */
static void find_head_locked(fst_rw *lock, fst_wake_ups *wake_ups)
{
    if ((fst_rw_flags(lock) & FST_PROMOTE) == 0)
        fst_queue_promote(&lock->queue, wake_ups);
}

static void enqueued_locked(entry *self, bool first, fst_wake_ups *wake_ups)
{
    atomic_fetch_or(&self->call->lock->flags, FST_QUEUED);
    if (first)
        fst_queue_promote(&self->call->lock->queue, wake_ups);
    else
        find_head_locked(self->call->lock, wake_ups);
    if (role_of(self) == FST_HEAD && !is_reader(self))
        (void)set_pend_locked(self);
}

static fasteners_status enqueue(entry *self, bool first)
{
    fst_rw *lock = self->call->lock;
    fst_wake_ups wake_ups = {.count = 0};
    fasteners_status status = FASTENERS_OK;

    self->waiter.since = fst_os_now();
    fst_mutex_lock(&lock->mutex);
    const fst_waiter *front = fst_queue_first(&lock->queue);
    if (self->waiter.kind == FST_UPGRADER_WAITS && front != NULL &&
        front->kind == FST_UPGRADER_WAITS) {
        status = FASTENERS_WOULD_DEADLOCK;
    } else {
        if (first)
            fst_queue_add_first(&lock->queue, &self->waiter);
        else
            fst_queue_add(&lock->queue, &self->waiter,
                          self->waiter.since - fst_rw_tuning.respect_ns);
        enqueued_locked(self, first, &wake_ups);
    }
    fst_mutex_unlock(&lock->mutex);
    fst_wake_ups_send(&wake_ups);
    return status;
}

/* A reader that was let go, but found the lock taken again: it keeps its age. */
static void enqueue_again(entry *self)
{
    fst_rw *lock = self->call->lock;
    fst_wake_ups wake_ups = {.count = 0};

    fst_mutex_lock(&lock->mutex);
    fst_queue_add_again(&lock->queue, &self->waiter);
    enqueued_locked(self, false, &wake_ups);
    fst_mutex_unlock(&lock->mutex);
    fst_wake_ups_send(&wake_ups);
}

/*
 * The caller has left the queue. PROMOTE stays: it is taken back by the thread that owes, nobody
 * else.
 */
static void note_empty_locked(fst_rw *lock)
{
    if (fst_queue_first(&lock->queue) == NULL)
        atomic_fetch_and(&lock->flags, ~(uint32_t)(FST_QUEUED | FST_HAND_OVER));
}

/* --------------------------------------------------------------------------- entering -- */

/*
 * The caller reads. By default the readers at the front follow by themselves: none of them is in
 * before it runs, so no writer waits for a sleeping thread. At a hammered lock they would only be
 * in each other's way, and come one by one. In the other preferences all readers are counted in.
 */
static void admit_readers_locked(fst_rw *lock, fst_wake_ups *wake_ups)
{
    bool count_them = (fst_rw_flags(lock) & FST_NOT_DEFAULT) != 0;
    fst_waiter *reader;

    if (!count_them && is_hammered(lock))
        return;
    while ((reader = fst_queue_take_reader(&lock->queue, count_them)) != NULL) {
        if (count_them)
            atomic_fetch_add(&lock->word, FST_ONE);
        fst_waiter_tell(reader, count_them ? FST_GRANTED : FST_LET_GO, wake_ups);
    }
}

/* In this order: PEND has kept the newcomers out until the next head was awake. */
static void entered_as_reader_locked(fst_rw *lock, fst_wake_ups *wake_ups)
{
    admit_readers_locked(lock, wake_ups);
    note_empty_locked(lock);
    find_head_locked(lock, wake_ups);
    if ((fst_rw_flags(lock) & FST_NOT_DEFAULT) != 0 && fst_queue_first(&lock->queue) != NULL)
        atomic_fetch_or(&lock->word, FST_PEND);
    else
        atomic_fetch_and(&lock->word, ~FST_PEND);
}

/* The head alone, and under the mutex: it may have been sent back a moment ago. */
static bool enter_as_head(entry *self)
{
    fst_rw *lock = self->call->lock;
    fst_wake_ups wake_ups = {.count = 0};

    fst_mutex_lock(&lock->mutex);
    bool entered = role_of(self) == FST_HEAD && try_to_enter(self, true);
    if (entered) {
        fst_queue_remove(&lock->queue, &self->waiter);
        atomic_fetch_and(&lock->flags, ~(uint32_t)FST_HAND_OVER);
        if (is_reader(self))
            entered_as_reader_locked(lock, &wake_ups);
        else
            fst_rw_owe_locked(lock, self->call->me, &wake_ups);
    }
    fst_mutex_unlock(&lock->mutex);
    fst_wake_ups_send(&wake_ups);
    return entered;
}

/* After another thread has taken the caller out of the queue: that thread is done with it. */
static void pass_through_mutex(fst_rw *lock)
{
    fst_mutex_lock(&lock->mutex);
    fst_mutex_unlock(&lock->mutex);
}

/* LET_GO: in the queue again, if not. */
static bool enter_by_itself(entry *self)
{
    pass_through_mutex(self->call->lock);
    if (try_to_enter(self, false) || spin(self, fst_rw_tuning.read_spins, false))
        return true;
    enqueue_again(self);
    return false;
}

static bool enter_counted(const entry *self)
{
    fst_rw *lock = self->call->lock;

    pass_through_mutex(lock);
    fst_hold_note(self->call->me, self->place, (uintptr_t)lock | FST_COUNTED);
    return true;
}

/*
 * At a hammered lock the head is to nap. A writer does so if it finds the lock taken. A reader
 * would nearly always find it open, and then be in the way of the one that runs: it naps first.
 */
static bool is_rested(entry *self)
{
    if (!self->was_head && self->waiter.kind != FST_UPGRADER_WAITS && is_hammered(self->call->lock))
        self->naps = fst_rw_tuning.naps;
    self->was_head = true;
    return self->naps == 0 || !is_reader(self);
}

static bool enter_queued(entry *self)
{
    switch (role_of(self)) {
    case FST_HEAD:
        return is_rested(self) && seems_free(self) && enter_as_head(self);
    case FST_LET_GO:
        return enter_by_itself(self);
    case FST_GRANTED:
        return enter_counted(self);
    case FST_WAITING:
        break;
    }
    return false;
}

/* --------------------------------------------------------------------------- sleeping -- */

/* Counted readers are in the way. Sleeps only if somebody is bound to wake the caller. */
static void sleep_until_counted_down(entry *self)
{
    fst_rw *lock = self->call->lock;

    fst_mutex_lock(&lock->mutex);
    bool woken = role_of(self) != FST_HEAD || set_pend_locked(self);
    fst_mutex_unlock(&lock->mutex);
    if (woken)
        fst_wait_sleep(&self->call->wait, FST_NEVER);
}

static bool has_writer(const fst_rw *lock, uint64_t token)
{
    return fst_token_of(fst_rw_word(lock)) == token && fst_record_is_alive(token);
}

static void sleep_on_writer(entry *self, uint64_t token)
{
    fst_record *writer = fst_record_of(token);
    uint32_t seq = fst_record_announce(writer);

    if (has_writer(self->call->lock, token))
        fst_os_park(&writer->seq, seq, fst_wait_deadline(&self->call->wait));
}

/* Whether the lock seemed free meanwhile. */
static bool watch(const entry *self, uint32_t looks)
{
    for (uint32_t i = 0; i < looks; i++) {
        if (seems_free(self))
            return true;
        fst_os_pause();
    }
    return false;
}

/*
 * A writer is in, and the head has slept before: it asks to be handed the lock, and is awake when
 * that happens, so that the lock is never idle. If the section is too long for that it gives up
 * asking, until it has waited so long that the lock may well be idle while it wakes up.
 */
static bool ask_for_the_lock(const entry *self)
{
    fst_rw *lock = self->call->lock;

    atomic_fetch_or(&lock->flags, FST_HAND_OVER);
    if (watch(self, fst_rw_tuning.ask_spins))
        return true;
    if (fst_head_age(&self->waiter) < fst_rw_tuning.hand_over_ns)
        atomic_fetch_and(&lock->flags, ~(uint32_t)FST_HAND_OVER);
    return seems_free(self);
}

static void sleep_behind_writer(entry *self, uint64_t token)
{
    bool slept = self->slept;

    self->slept = true;
    if (!(slept ? ask_for_the_lock(self) : watch(self, fst_rw_tuning.head_spins)))
        sleep_on_writer(self, token);
}

static void nap(entry *self)
{
    self->naps--;
    self->slept = true;
    fst_wait_sleep(&self->call->wait, fst_os_now() + fst_rw_tuning.nap_ns);
}

static void sleep_as_head(entry *self)
{
    fst_rw *lock = self->call->lock;
    uint64_t word = fst_rw_word(lock);

    if (self->naps > 0) {
        nap(self);
    } else if ((word & FST_WRITER) == 0) {
        if (!is_reader(self))
            sleep_until_counted_down(self);
    } else if (!has_writer(lock, fst_token_of(word))) {
        fst_rw_bury(self->call);
    } else if (self->waiter.kind != FST_UPGRADER_WAITS) {
        sleep_behind_writer(self, fst_token_of(word));
    }
    /* Else that writer waits for the caller's read hold: it is robbed, see reason_to_give_up. */
}

static void sleep_queued(entry *self)
{
    if (role_of(self) == FST_HEAD)
        sleep_as_head(self);
    else
        fst_wait_sleep(&self->call->wait, FST_NEVER);
}

/* ---------------------------------------------------------------------------- giving up -- */

/* Whoever waited because of the caller is woken. */
static void leave_queue_locked(entry *self, fst_wake_ups *wake_ups)
{
    fst_rw *lock = self->call->lock;
    bool was_head = role_of(self) == FST_HEAD;

    fst_queue_remove(&lock->queue, &self->waiter);
    note_empty_locked(lock);
    if (!was_head)
        return;
    atomic_fetch_and(&lock->flags, ~(uint32_t)FST_HAND_OVER);
    find_head_locked(lock, wake_ups);
    uint64_t word = fst_rw_word(lock);
    /* It is the next head's now; a reader there does not need it in order to enter. */
    if (fst_queue_first(&lock->queue) == NULL && (word & FST_PEND) != 0)
        atomic_fetch_and(&lock->word, ~FST_PEND);
}

/* The status; OK if the lock was granted at the last moment. */
static fasteners_status give_up(entry *self, fasteners_status status)
{
    fst_rw *lock = self->call->lock;
    fst_wake_ups wake_ups = {.count = 0};

    fst_mutex_lock(&lock->mutex);
    fst_waiter_role role = role_of(self);
    if (role == FST_WAITING || role == FST_HEAD)
        leave_queue_locked(self, &wake_ups);
    fst_mutex_unlock(&lock->mutex);
    fst_wake_ups_send(&wake_ups);
    if (role != FST_GRANTED)
        return status;
    enter_counted(self);
    return FASTENERS_OK;
}

/* An upgrading reader must not wait for a writer: that one waits for it. */
static fasteners_status reason_to_give_up(entry *self)
{
    if (self->waiter.kind == FST_UPGRADER_WAITS &&
        (fst_rw_word(self->call->lock) & FST_WRITER) != 0)
        return FASTENERS_LOST;
    return fst_wait_status(&self->call->wait);
}

static fasteners_status wait_queued(entry *self, bool first)
{
    fst_note_private(self, sizeof(*self));
    fst_note_private(self->call, sizeof(*self->call));
    fasteners_status status = enqueue(self, first);

    if (status != FASTENERS_OK)
        return status;
    while (!enter_queued(self)) {
        status = reason_to_give_up(self);
        if (status != FASTENERS_OK)
            return give_up(self, status);
        sleep_queued(self);
    }
    return FASTENERS_OK;
}

/* ------------------------------------------------------------------------------ callers -- */

static entry make_entry(fst_rw_call *call, fst_waiter_kind kind)
{
    return (entry){.call = call, .waiter = {.kind = kind, .wait = &call->wait}};
}

static fasteners_status wait_as_newcomer(entry *self, uint32_t tries)
{
    note_arrival(self->call->lock);
    if (!is_hammered(self->call->lock) && spin(self, tries, false))
        return FASTENERS_OK;
    return wait_queued(self, false);
}

fasteners_status fst_rw_wait_read(fst_rw_call *call, fst_hold place)
{
    entry self = make_entry(call, FST_READER_WAITS);

    self.place = place;
    return wait_as_newcomer(&self, fst_rw_tuning.read_spins);
}

fasteners_status fst_rw_wait_write(fst_rw_call *call, bool first, uint64_t *before)
{
    entry self = make_entry(call, FST_WRITER_WAITS);
    fasteners_status status =
        first ? wait_queued(&self, true) : wait_as_newcomer(&self, fst_rw_tuning.write_spins);

    *before = self.before;
    return status;
}

fasteners_status fst_rw_wait_upgrade(fst_rw_call *call, uint64_t counted, uint64_t *before)
{
    entry self = make_entry(call, FST_UPGRADER_WAITS);

    self.counted = counted;
    fasteners_status status = wait_queued(&self, true);
    *before = self.before;
    return status;
}
