/* SPDX-License-Identifier: Apache-2.0 */
#include "wait_queue.h"

static fst_waiter_role role_of(const fst_waiter *waiter)
{
    return (fst_waiter_role)atomic_load_explicit(&waiter->role, memory_order_relaxed);
}

static void set_role(fst_waiter *waiter, fst_waiter_role role)
{
    atomic_store_explicit(&waiter->role, (int)role, memory_order_release);
}

fst_waiter *fst_queue_head(const fst_wait_queue *queue)
{
    fst_waiter *first = fst_queue_first(queue);

    return first != NULL && role_of(first) == FST_HEAD ? first : NULL;
}

/* NULL: at the front. */
static void insert_after(fst_wait_queue *queue, fst_waiter *before, fst_waiter *waiter)
{
    if (queue->last == NULL) {
        waiter->next = waiter;
        queue->last = waiter;
        return;
    }
    fst_waiter *place = before != NULL ? before : queue->last;
    waiter->next = place->next;
    place->next = waiter;
    if (before == queue->last)
        queue->last = waiter;
}

/* Behind the last member that a newcomer must not overtake. */
static fst_waiter *last_to_respect(const fst_wait_queue *queue, int64_t respect_since)
{
    fst_waiter *result = NULL, *member = queue->last;

    if (member == NULL)
        return NULL;
    do {
        member = member->next;
        if (member->kind != FST_READER_WAITS || member->since <= respect_since ||
            role_of(member) == FST_HEAD)
            result = member;
    } while (member != queue->last);
    return result;
}

void fst_queue_add(fst_wait_queue *queue, fst_waiter *waiter, int64_t respect_since)
{
    set_role(waiter, FST_WAITING);
    insert_after(queue,
                 waiter->kind == FST_WRITER_WAITS ? last_to_respect(queue, respect_since)
                                                  : queue->last,
                 waiter);
}

static void step_back(const fst_wait_queue *queue)
{
    fst_waiter *head = fst_queue_head(queue);

    if (head != NULL)
        set_role(head, FST_WAITING);
}

void fst_queue_add_first(fst_wait_queue *queue, fst_waiter *waiter)
{
    fst_waiter *first = fst_queue_first(queue);

    set_role(waiter, FST_WAITING);
    /* Nobody goes ahead of an upgrader: he would wait for its read hold. */
    if (first != NULL && first->kind == FST_UPGRADER_WAITS) {
        insert_after(queue, first, waiter);
        return;
    }
    step_back(queue);
    insert_after(queue, NULL, waiter);
}

void fst_queue_add_again(fst_wait_queue *queue, fst_waiter *waiter)
{
    fst_waiter *before = fst_queue_head(queue);
    fst_waiter *next = before != NULL ? before->next : fst_queue_first(queue);

    set_role(waiter, FST_WAITING);
    while (before != queue->last && next->kind == FST_READER_WAITS && next->since < waiter->since) {
        before = next;
        next = next->next;
    }
    insert_after(queue, before, waiter);
}

void fst_queue_remove(fst_wait_queue *queue, fst_waiter *waiter)
{
    fst_waiter *before = waiter;

    while (before->next != waiter)
        before = before->next;
    before->next = waiter->next;
    if (queue->last == waiter)
        queue->last = before == waiter ? NULL : before;
}

fst_waiter *fst_queue_take_reader(fst_wait_queue *queue, bool anywhere)
{
    fst_waiter *member = fst_queue_first(queue);

    while (member != NULL && member->kind != FST_READER_WAITS)
        member = anywhere && member != queue->last ? member->next : NULL;
    if (member != NULL)
        fst_queue_remove(queue, member);
    return member;
}

void fst_queue_readers_first(fst_wait_queue *queue)
{
    fst_waiter *first = fst_queue_first(queue);

    if (first == NULL || first->kind != FST_WRITER_WAITS)
        return;
    fst_waiter *reader = fst_queue_take_reader(queue, true);
    if (reader != NULL)
        fst_queue_add_first(queue, reader);
}

bool fst_queue_has_writer(const fst_wait_queue *queue)
{
    fst_waiter *member = queue->last;

    if (member == NULL)
        return false;
    do {
        if (member->kind != FST_READER_WAITS)
            return true;
        member = member->next;
    } while (member != queue->last);
    return false;
}

void fst_waiter_tell(fst_waiter *waiter, fst_waiter_role role, fst_wake_ups *wake_ups)
{
    const _Atomic uint32_t *word = &waiter->wait->signals;

    if (role == FST_HEAD && role_of(waiter) != FST_HEAD)
        atomic_store_explicit(&waiter->head_since, fst_os_now(), memory_order_relaxed);
    /* In this order: the waiter takes the signal away before it looks at its role. */
    set_role(waiter, role);
    atomic_fetch_or(&waiter->wait->signals, FST_SIGNAL_WAKE);
    if (wake_ups->count == FST_WAKE_UPS)
        fst_wake_ups_send(wake_ups);
    wake_ups->word[wake_ups->count++] = word;
}

void fst_queue_promote(fst_wait_queue *queue, fst_wake_ups *wake_ups)
{
    if (queue->last != NULL && fst_queue_head(queue) == NULL)
        fst_waiter_tell(fst_queue_first(queue), FST_HEAD, wake_ups);
}

void fst_wake_ups_send(fst_wake_ups *wake_ups)
{
    for (int i = 0; i < wake_ups->count; i++)
        fst_os_unpark(wake_ups->word[i]);
    wake_ups->count = 0;
}
