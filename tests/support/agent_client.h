/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_AGENT_CLIENT_H
#define TESTS_SUPPORT_AGENT_CLIENT_H

/*
 * How a cmocka test talks to lock agents (see lock_agent.c for their commands). Whatever goes wrong
 * fails the test, with the place, the command and the reply.
 *
 *     child *holder = agent_start();
 *     agent_expect(holder, "FASTENERS_OK", "create l %s", path);
 *     agent_expect(holder, "FASTENERS_OK", "acquire l 0");
 *
 * For the test's main thread alone. temp_dir_teardown ends all agents.
 */

#include <stdint.h>

#include "spawn.h"

#define agent_start() agent_start_at(__FILE__, __LINE__)

/* Starts an agent that has a lock named "l" at the path; `options` are words of "create", or "". */
#define agent_with_lock(path, options) agent_with_lock_at(__FILE__, __LINE__, path, options)

/*
 * Sends a command and compares the first word of the reply, or all of it if `expected` has a blank.
 */
#define agent_expect(agent, expected, ...)                                                         \
    agent_expect_at(__FILE__, __LINE__, agent, expected, __VA_ARGS__)

/* The reply; valid until the next command to any agent. */
#define agent_ask(agent, ...) agent_ask_at(__FILE__, __LINE__, agent, __VA_ARGS__)

/* The number that the reply begins with. */
#define agent_number(agent, ...) agent_number_at(__FILE__, __LINE__, agent, __VA_ARGS__)

/* The nanoseconds an acquire took, after comparing its status. */
#define agent_elapsed(agent, expected, ...)                                                        \
    agent_elapsed_at(__FILE__, __LINE__, agent, expected, __VA_ARGS__)

/* A second agent, made by "fork" or "clone" from the first. `directory` gets two FIFOs. */
#ifndef _WIN32
#define agent_fork(parent, how, directory) agent_fork_at(__FILE__, __LINE__, parent, how, directory)
#else
#define agent_fork(parent, how, directory) ((void)(parent), (void)(how), (void)(directory), NULL)
#endif

/* Ends the agent in an orderly way, and fails unless its exit status is 0. */
#define agent_stop(agent) agent_stop_at(__FILE__, __LINE__, agent)

/* Kills the agent with SIGKILL and returns when it is dead. */
#define agent_murder(agent) agent_murder_at(__FILE__, __LINE__, agent)

/* Fails unless n requests get queued in the kernel on the path's file. */
#define expect_queued(path, n) expect_queued_at(__FILE__, __LINE__, path, n)

child *agent_start_at(const char *file, int line);
child *agent_with_lock_at(const char *file, int line, const char *path, const char *options);
void agent_expect_at(const char *file, int line, child *agent, const char *expected,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));
const char *agent_ask_at(const char *file, int line, child *agent, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int64_t agent_number_at(const char *file, int line, child *agent, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int64_t agent_elapsed_at(const char *file, int line, child *agent, const char *expected,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));
child *agent_fork_at(const char *file, int line, child *parent, const char *how,
                     const char *directory);
void agent_stop_at(const char *file, int line, child *agent);
void agent_murder_at(const char *file, int line, child *agent);
void expect_queued_at(const char *file, int line, const char *path, int n);

#endif
