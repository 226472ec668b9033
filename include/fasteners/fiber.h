/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_FIBER_H
#define FASTENERS_FIBER_H

#include <fasteners/attributes.h>

FASTENERS_BEGIN_DECLS

/*
 * For programs with fibers (coroutines, green threads), of which several share a thread: the fiber
 * that runs and calls. Any pointer that names it and no other one for as long as it lives, never
 * NULL. Called by the functions of a lock that was given it, any number of times; must not use that
 * lock, and is left by return alone, not by an exception or longjmp. Where fibers go from thread to
 * thread, beware of compilers that keep the address of a thread's variable.
 *
 * See the options `current` of fasteners_ipc_options (ipc_options.h) and fasteners_rw_lock_options
 * (rw_lock.h).
 */
typedef void *(*fasteners_current_fn)(void *user);

FASTENERS_END_DECLS

#endif
