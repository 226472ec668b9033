/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

#include <errno.h>
#include <stdlib.h>

/* Events of which the program is told, and the threads of the library. */

enum { FIRST_DESCRIPTOR = 900 };

typedef struct event {
    struct event *next;
    intptr_t descriptor;
    uint64_t id;
    bool is_set;
} event;

static event *events;
static intptr_t last_descriptor = FIRST_DESCRIPTOR;
static uint64_t last_id;

static event **find(intptr_t descriptor)
{
    event **link = &events;

    while (*link != NULL && (*link)->descriptor != descriptor)
        link = &(*link)->next;
    return link;
}

static event *of(const fst_os_event *given)
{
    event *found = *find(given->descriptor);

    if (found == NULL || found->id != given->id)
        fake_violation("an event", "that is not open");
    return found;
}

bool fake_event_is_set(intptr_t descriptor)
{
    const event *found = *find(descriptor);

    return found != NULL && found->is_set;
}

unsigned fake_events(void)
{
    unsigned count = 0;

    for (const event *each = events; each != NULL; each = each->next)
        count++;
    return count;
}

fasteners_status fst_os_event_open(fst_os_event *given, int *os_error)
{
    fasteners_status status;
    event *made = calloc(1, sizeof(*made));

    if (made == NULL)
        abort();
    if (fake_call(FAKE_EVENT_OPEN, &status, os_error)) {
        free(made);
        return status;
    }
    *made = (event){.next = events, .descriptor = ++last_descriptor, .id = ++last_id};
    events = made;
    *given = (fst_os_event){.descriptor = made->descriptor, .id = made->id};
    return FASTENERS_OK;
}

void fst_os_event_set(const fst_os_event *given)
{
    if (of(given)->is_set)
        fake_violation("an event", "that is set already");
    of(given)->is_set = true;
}

void fst_os_event_renew(fst_os_event *given)
{
    event *renewed = of(given);

    renewed->is_set = true;
    renewed->id = given->id = ++last_id;
}

void fst_os_event_close(const fst_os_event *given)
{
    event *closed = of(given);

    *find(given->descriptor) = closed->next;
    free(closed);
}

typedef struct task {
    void *(*body)(void *argument);
    void *argument;
} task;

static void run(void *argument)
{
    const task what = *(const task *)argument;

    free(argument);
    what.body(what.argument);
}

fasteners_status fst_os_thread_start(void *(*body)(void *argument), void *argument, int *os_error)
{
    fasteners_status status;
    task *what;

    if (fake_call(FAKE_THREAD_START, &status, os_error))
        return status;
    what = malloc(sizeof(*what));
    if (what == NULL)
        abort();
    *what = (task){.body = body, .argument = argument};
    fake_thread_start(run, what);
    return FASTENERS_OK;
}

void fake_events_reset(void)
{
    while (events != NULL) {
        event *gone = events;
        events = gone->next;
        free(gone);
    }
}
