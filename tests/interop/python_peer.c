/* SPDX-License-Identifier: Apache-2.0 */
#include "python_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char reply[CHILD_LINE];

static const char *kind_name(python_kind kind)
{
    static const char *const names[] = {"lock", "write", "read"};

    return names[kind];
}

static child *start_python(void)
{
    const char *const argv[] = {PYTHON, PYTHON_PEER, NULL};
    child *peer = PYTHON[0] != '\0' ? child_start(argv) : NULL;

    if (peer == NULL || !child_reply(peer, reply, sizeof(reply)) ||
        strncmp(reply, "ready", strlen("ready")) != 0) {
        child_end(peer);
        return NULL;
    }
    return peer;
}

const char *peer_missing(void)
{
    child *peer;

    if (PYTHON[0] == '\0')
        return "no python3 was found";
    peer = start_python();
    if (peer == NULL)
        return PYTHON " has no package fasteners";
    printf("%s: fasteners %s\n", PYTHON, reply + strlen("ready"));
    child_end(peer);
    return NULL;
}

static void expect(child *peer, const char *beginning)
{
    if (!child_reply(peer, reply, sizeof(reply)) ||
        strncmp(reply, beginning, strlen(beginning)) != 0)
        fail_msg("python answers \"%s\" instead of \"%s\"", reply, beginning);
}

child *peer_start(const char *path, python_kind kind)
{
    child *peer = start_python();

    assert_non_null(peer);
    assert_true(child_send(peer, "create l %s %s", kind == PYTHON_LOCK ? "lock" : "rw", path));
    expect(peer, "OK");
    return peer;
}

static void send_acquire(child *peer, python_kind kind, const char *seconds)
{
    assert_true(child_send(peer, "acquire l %s %s", kind_name(kind), seconds));
}

/* The final reply: it may have had to wait first. */
static const char *result_of_acquire(child *peer)
{
    do {
        assert_true(child_reply(peer, reply, sizeof(reply)));
    } while (strcmp(reply, "waiting") == 0);
    return reply;
}

double peer_acquire(child *peer, python_kind kind, const char *seconds, bool expected)
{
    const char *beginning = expected ? "True " : "False ";
    const char *result;

    send_acquire(peer, kind, seconds);
    result = result_of_acquire(peer);
    if (strncmp(result, beginning, strlen(beginning)) != 0)
        fail_msg("python answers \"%s\" instead of \"%s\"", result, beginning);
    return strtod(result + strlen(beginning), NULL);
}

void peer_begin_acquire(child *peer, python_kind kind, const char *seconds)
{
    send_acquire(peer, kind, seconds);
    expect(peer, "waiting");
}

bool peer_finish_acquire(child *peer)
{
    return strncmp(result_of_acquire(peer), "True ", strlen("True ")) == 0;
}

void peer_release(child *peer, python_kind kind)
{
    assert_true(child_send(peer, "release l %s", kind_name(kind)));
    expect(peer, "OK");
}

void peer_begin_hammer(child *peer, python_kind kind, const char *witness, long rounds)
{
    assert_true(child_send(peer, "hammer l %s %s %ld", kind_name(kind), witness, rounds));
}

void peer_begin_rw_hammer(child *peer, const char *record, long rounds)
{
    assert_true(child_send(peer, "rw_hammer l %s %ld", record, rounds));
}

void peer_finish_hammer(child *peer, long rounds)
{
    char expected[64];

    snprintf(expected, sizeof(expected), "%ld 0", rounds);
    expect(peer, expected);
}
