/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Counts the calls, fails those that the script wants to fail, runs what it wants before them. */

typedef struct rule {
    struct rule *next;
    fake_operation operation;
    unsigned at;        /* the call's number since fake_reset; 0 = every call */
    fake_action action; /* NULL: fail */
    void *argument;
    fasteners_status status;
    int os_error;
} rule;

/* More calls than any test makes: a loop that nothing ends. */
enum { TOO_MANY_CALLS = 200000 };

static unsigned calls[FAKE_OPERATIONS];
static unsigned calls_altogether;
static rule *rules;
static bool has_failed;

static const char *const names[FAKE_OPERATIONS] = {
    [FAKE_ALLOC] = "alloc",
    [FAKE_ABSOLUTE_PATH] = "absolute_path",
    [FAKE_OPEN] = "file_open",
    [FAKE_CREATE] = "file_create",
    [FAKE_MAKE_PARENTS] = "make_parents",
    [FAKE_CLOSE] = "file_close",
    [FAKE_FILE_ID] = "file_id",
    [FAKE_ADOPT] = "file_adopt",
    [FAKE_PATH_ID] = "path_id",
    [FAKE_UNLINK] = "unlink",
    [FAKE_READ] = "file_read",
    [FAKE_WRITE] = "file_write",
    [FAKE_LOCK_TRY] = "lock_try",
    [FAKE_LOCK_TRY_IN_CHILD] = "lock_try_in_child",
    [FAKE_LOCK_TEST] = "lock_test",
    [FAKE_UNLOCK] = "unlock",
    [FAKE_BEGIN] = "lock_begin",
    [FAKE_FINISH] = "lock_finish",
    [FAKE_ABANDON] = "lock_abandon",
    [FAKE_HOLDER] = "lock_holder",
    [FAKE_EVENT_OPEN] = "event_open",
    [FAKE_THREAD_START] = "thread_start",
    [FAKE_AT_FORK] = "at_fork",
    [FAKE_PARK] = "park",
    [FAKE_UNPARK] = "unpark",
};

const char *fake_operation_name(fake_operation operation)
{
    return names[operation];
}

void fake_violation(const char *what, const char *detail)
{
    char message[512];

    (void)snprintf(message, sizeof(message), "fake platform: %s: %s", what, detail);
    fake_leave_to_test(message);
    fail_msg("%s", message);
}

static void add_rule(rule made)
{
    rule *copy = malloc(sizeof(*copy));
    rule **end = &rules;

    if (copy == NULL)
        abort();
    *copy = made;
    if (made.at != 0)
        copy->at += calls[made.operation];
    while (*end != NULL)
        end = &(*end)->next;
    *end = copy;
}

void fake_fail(fake_operation operation, unsigned nth, fasteners_status status, int os_error)
{
    add_rule((rule){.operation = operation, .at = nth, .status = status, .os_error = os_error});
}

void fake_before(fake_operation operation, unsigned nth, fake_action action, void *argument)
{
    add_rule((rule){.operation = operation, .at = nth, .action = action, .argument = argument});
}

void fake_heal(void)
{
    while (rules != NULL) {
        rule *gone = rules;
        rules = gone->next;
        free(gone);
    }
}

static bool is_meant(const rule *r, fake_operation operation, unsigned number)
{
    return r->operation == operation && (r->at == 0 || r->at == number);
}

static void run_actions(fake_operation operation, unsigned number)
{
    for (const rule *r = rules; r != NULL; r = r->next)
        if (is_meant(r, operation, number) && r->action != NULL)
            fake_run_as(FAKE_OTHER_THREAD, r->action, r->argument);
}

static const rule *find_failure(fake_operation operation, unsigned number)
{
    for (const rule *r = rules; r != NULL; r = r->next)
        if (is_meant(r, operation, number) && r->action == NULL)
            return r;
    return NULL;
}

bool fake_call(fake_operation operation, fasteners_status *status, int *os_error)
{
    unsigned number = ++calls[operation];

    if (++calls_altogether > TOO_MANY_CALLS)
        fake_violation("a loop that nothing ends", names[operation]);
    run_actions(operation, number);

    const rule *failure = find_failure(operation, number);
    if (failure == NULL)
        return false;
    has_failed = true;
    if (status != NULL)
        *status = failure->status;
    if (os_error != NULL)
        *os_error = failure->os_error;
    return true;
}

fasteners_status fake_refuse(fasteners_status status, int os_error, int *stored)
{
    *stored = os_error;
    return status;
}

unsigned fake_calls(fake_operation operation)
{
    return calls[operation];
}

bool fake_has_failed(void)
{
    return has_failed;
}

void fake_calls_reset(void)
{
    fake_heal();
    for (int i = 0; i < FAKE_OPERATIONS; i++)
        calls[i] = 0;
    calls_altogether = 0;
    has_failed = false;
}
