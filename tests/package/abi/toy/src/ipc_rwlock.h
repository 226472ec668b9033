/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOY_IPC_RWLOCK_H
#define TOY_IPC_RWLOCK_H

#include <fasteners/ipc_rwlock.h>

/* Private, in a header that bears the name of a public one. */
struct fasteners_ipc_rwlock {
    fasteners_rw_lock lock;
#ifdef PRIVATE_CHANGED
    void *changed;
#endif
};

#endif
