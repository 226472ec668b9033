/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Read before each source of a check for macOS: how its headers differ from musl's in what the
 * library uses or could use.
 */

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

int pthread_cond_timedwait_relative_np(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                       const struct timespec *length);

/* POSIX has these, macOS does not. */
#pragma GCC poison pthread_condattr_setclock pthread_condattr_getclock pthread_mutex_timedlock
#pragma GCC poison pthread_barrier_init pthread_spin_init sem_timedwait clock_nanosleep
#pragma GCC poison timer_create sigtimedwait sigwaitinfo

/* What is Linux's alone. */
#undef F_OFD_GETLK
#undef F_OFD_SETLK
#undef F_OFD_SETLKW
#pragma GCC poison pipe2 syscall gettid
