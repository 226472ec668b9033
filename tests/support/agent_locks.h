/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_AGENT_LOCKS_H
#define TESTS_SUPPORT_AGENT_LOCKS_H

#include <fasteners.h>

#include "agent_command.h"

/* The lock that the test named so. NULL: there is none; the reply says so. */
fasteners_ipc_lock *agent_lock_named(const char *id, agent_reply *reply);

#endif
