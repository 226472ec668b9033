/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RW_CALLS_H
#define BENCH_RW_CALLS_H

/* The functions of a shared library, which do nothing: see rw_peer_calls.c. Called without a stub
 * where the compiler knows how, as the library's own headers ask for. */

#ifdef __has_attribute
#if __has_attribute(noplt)
#define RW_NO_STUB __attribute__((noplt))
#endif
#endif
#ifndef RW_NO_STUB
#define RW_NO_STUB
#endif

RW_NO_STUB int rw_call_begin(const void *lock);
RW_NO_STUB int rw_call_end(const void *lock);

#endif
