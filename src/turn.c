/* SPDX-License-Identifier: Apache-2.0 */
#include "turn.h"

enum { FREE, TAKEN, WAITED_FOR };

/* A thread that waited this long is not overtaken any more. */
static const int64_t HAND_OVER_AFTER_NS = 1000000;

static void set_owner(fst_turn *turn, uint64_t thread)
{
    atomic_store_explicit(&turn->owner, thread, memory_order_relaxed);
}

bool fst_turn_try(fst_turn *turn, uint64_t thread)
{
    uint32_t expected = FREE;

    if (!atomic_compare_exchange_strong_explicit(&turn->state, &expected, TAKEN,
                                                 memory_order_acquire, memory_order_relaxed))
        return false;
    set_owner(turn, thread);
    return true;
}

bool fst_turn_is_mine(const fst_turn *turn, uint64_t thread)
{
    return atomic_load_explicit(&turn->owner, memory_order_relaxed) == thread;
}

void fst_turn_hand_on(fst_turn *turn, uint64_t thread)
{
    set_owner(turn, thread);
}

void fst_turn_keep(fst_turn *turn, uint64_t thread)
{
    if (!fst_turn_is_mine(turn, thread))
        fst_turn_try(turn, thread);
}

void fst_turn_enter(const fst_turn *turn, fst_wait *wait)
{
    wait->cancels = atomic_load_explicit(&turn->cancels, memory_order_relaxed);
}

/* What a cancel has missed since the wait entered, as it could not be found yet. */
static void catch_up_locked(const fst_turn *turn, fst_wait *wait)
{
    if (atomic_load_explicit(&turn->cancels, memory_order_relaxed) != wait->cancels)
        fst_wait_send(wait, FST_SIGNAL_CANCEL);
}

static void enqueue_locked(fst_turn *turn, fst_wait *wait)
{
    wait->next = NULL;
    wait->granted = false;
    wait->since = fst_os_now();
    if (turn->last != NULL)
        turn->last->next = wait;
    else
        turn->first = wait;
    turn->last = wait;
}

static void dequeue_locked(fst_turn *turn, const fst_wait *wait)
{
    fst_wait **link = &turn->first;
    fst_wait *previous = NULL;

    while (*link != wait) {
        previous = *link;
        link = &previous->next;
    }
    *link = wait->next;
    if (turn->last == wait)
        turn->last = previous;
}

static uint32_t taken_state_locked(const fst_turn *turn)
{
    return turn->first != NULL ? WAITED_FOR : TAKEN;
}

/*
 * From the queue to the turn. A cancel finds the wait before this as one of the queue, after it as
 * the exposed one: it is never out of reach.
 */
static void make_owner_locked(fst_turn *turn, fst_wait *wait)
{
    dequeue_locked(turn, wait);
    turn->outside = wait;
    set_owner(turn, wait->thread);
    atomic_store_explicit(&turn->state, taken_state_locked(turn), memory_order_relaxed);
}

/*
 * Takes a free turn for the first of the queue. Leaves WAITED_FOR otherwise, so that the owner,
 * who may have come past the queue, finds the queue when it passes the turn.
 */
static bool take_locked(fst_turn *turn, fst_wait *wait)
{
    if (turn->first != wait ||
        atomic_exchange_explicit(&turn->state, WAITED_FOR, memory_order_acquire) != FREE)
        return false;
    make_owner_locked(turn, wait);
    return true;
}

/*
 * One look of a queued thread: true when its waiting is over. A thread that gives up has tried
 * to take the turn at that very moment, so a free turn never stays behind with a queue before it.
 */
static bool settled_locked(fst_turn *turn, fst_wait *wait, fasteners_status *status)
{
    if (wait->granted || take_locked(turn, wait)) {
        *status = FASTENERS_OK;
        return true;
    }
    *status = fst_wait_status(wait);
    if (*status == FASTENERS_OK)
        return false;
    dequeue_locked(turn, wait);
    return true;
}

static bool is_queued_locked(const fst_turn *turn, const fst_wait *wait)
{
    const fst_wait *other = turn->first;

    while (other != NULL && other != wait)
        other = other->next;
    return other != NULL;
}

/* Where a fiber slept, the user may have forked: in the child nobody waits any more. */
static void rejoin_locked(fst_turn *turn, fst_wait *wait)
{
    if (wait->fiber == NULL)
        return;
    if (wait->granted ? !fst_turn_is_mine(turn, wait->thread) : !is_queued_locked(turn, wait))
        enqueue_locked(turn, wait);
}

fasteners_status fst_turn_wait(fst_turn *turn, fst_wait *wait)
{
    fasteners_status status;

    fst_wait_deadline(wait);
    fst_mutex_lock(&turn->mutex);
    if (!wait->queued_early)
        enqueue_locked(turn, wait);
    catch_up_locked(turn, wait);
    while (!settled_locked(turn, wait, &status)) {
        fst_mutex_unlock(&turn->mutex);
        fst_wait_sleep(wait, FST_NEVER);
        fst_mutex_lock(&turn->mutex);
        rejoin_locked(turn, wait);
    }
    fst_mutex_unlock(&turn->mutex);
    return status;
}

void fst_turn_queue(fst_turn *turn, fst_wait *wait)
{
    fst_mutex_lock(&turn->mutex);
    enqueue_locked(turn, wait);
    wait->queued_early = true;
    fst_mutex_unlock(&turn->mutex);
}

void fst_turn_unqueue(fst_turn *turn, fst_wait *wait)
{
    fst_mutex_lock(&turn->mutex);
    bool granted = wait->granted;
    if (!granted)
        dequeue_locked(turn, wait);
    wait->queued_early = false;
    fst_mutex_unlock(&turn->mutex);
    if (!granted)
        return;
    fst_turn_conceal(turn);
    fst_turn_pass(turn);
}

bool fst_turn_has_queue(fst_turn *turn)
{
    fst_mutex_lock(&turn->mutex);
    bool has_queue = turn->first != NULL;
    fst_mutex_unlock(&turn->mutex);
    return has_queue;
}

static bool is_due(const fst_turn *turn, const fst_wait *heir)
{
    return turn->strict || fst_os_now() - heir->since >= HAND_OVER_AFTER_NS;
}

static void pass_waited_for(fst_turn *turn)
{
    fst_mutex_lock(&turn->mutex);
    fst_wait *heir = turn->first;
    if (heir != NULL && is_due(turn, heir)) {
        make_owner_locked(turn, heir);
        heir->granted = true;
    } else {
        atomic_store_explicit(&turn->state, FREE, memory_order_release);
    }
    if (heir != NULL)
        fst_wait_send(heir, FST_SIGNAL_WAKE);
    fst_mutex_unlock(&turn->mutex);
}

void fst_turn_pass(fst_turn *turn)
{
    uint32_t expected = TAKEN;

    set_owner(turn, 0);
    if (!atomic_compare_exchange_strong_explicit(&turn->state, &expected, FREE,
                                                 memory_order_release, memory_order_relaxed))
        pass_waited_for(turn);
}

void fst_turn_expose(fst_turn *turn, fst_wait *wait)
{
    fst_mutex_lock(&turn->mutex);
    turn->outside = wait;
    if (wait != NULL)
        catch_up_locked(turn, wait);
    fst_mutex_unlock(&turn->mutex);
}

/* Nobody but the owner exposes or conceals, so it may look without the mutex. */
void fst_turn_conceal(fst_turn *turn)
{
    if (turn->outside != NULL)
        fst_turn_expose(turn, NULL);
}

void fst_turn_cancel(fst_turn *turn)
{
    fst_mutex_lock(&turn->mutex);
    atomic_fetch_add_explicit(&turn->cancels, 1, memory_order_relaxed);
    for (fst_wait *wait = turn->first; wait != NULL; wait = wait->next)
        fst_wait_send(wait, FST_SIGNAL_CANCEL);
    if (turn->outside != NULL)
        fst_wait_send(turn->outside, FST_SIGNAL_CANCEL);
    fst_mutex_unlock(&turn->mutex);
}

void fst_turn_reset(fst_turn *turn)
{
    *turn = (fst_turn){.strict = turn->strict};
}
