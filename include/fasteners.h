/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_H
#define FASTENERS_H

/*
 * libfasteners: locks between processes, named by a path, and between threads.
 *
 * This is the umbrella header. Each concept has a header of its own below fasteners/ and may be
 * included alone. All of them compile as C99 and as C++, and none includes a header of the
 * operating system.
 *
 *     #include <fasteners.h>
 *
 *     fasteners_ipc_lock *lock;
 *     fasteners_status status;
 *
 *     status = fasteners_ipc_lock_create(&lock, "/run/lock/demo", NULL);
 *     if (status != FASTENERS_OK)
 *         return 1;
 *     if (fasteners_ipc_lock_acquire(lock, 5000) == FASTENERS_OK) {
 *         // no other process and no other thread is in here
 *         fasteners_ipc_lock_release(lock);
 *     }
 *     fasteners_ipc_lock_destroy(lock);
 *
 * Compile and link with: cc demo.c $(pkg-config --cflags --libs fasteners)
 */

#include <fasteners/fiber.h>
#include <fasteners/guard.h>
#include <fasteners/ipc_lock.h>
#include <fasteners/ipc_options.h>
#include <fasteners/ipc_probe.h>
#include <fasteners/ipc_rwlock.h>
#include <fasteners/ipc_wait.h>
#include <fasteners/lock_set.h>
#include <fasteners/locked_call.h>
#include <fasteners/rw_lock.h>
#include <fasteners/status.h>
#include <fasteners/timeout.h>
#include <fasteners/version.h>

#endif
