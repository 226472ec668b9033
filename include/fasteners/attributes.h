/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_ATTRIBUTES_H
#define FASTENERS_ATTRIBUTES_H

/*
 * What the declarations of the other headers are decorated with. FASTENERS_API: what the shared
 * library exports. Microsoft's compiler gets to know its annotations by stddef.h.
 */

#include <stddef.h>

#if defined(__GNUC__)
#define FASTENERS_API __attribute__((visibility("default")))
#else
#define FASTENERS_API
#endif

/* The result says whether the lock is held: ignoring it is always a mistake. */
#if defined(__GNUC__)
#define FASTENERS_NODISCARD __attribute__((warn_unused_result))
#elif defined(_Check_return_)
#define FASTENERS_NODISCARD _Check_return_
#else
#define FASTENERS_NODISCARD
#endif

/*
 * For functions that take no longer than a call does: called by their address in the table that the
 * loader fills in, not by way of a stub that jumps there. Linked statically, it is a plain call.
 */
#if defined(__has_attribute)
#if __has_attribute(noplt)
#define FASTENERS_NO_STUB __attribute__((noplt))
#endif
#endif
#ifndef FASTENERS_NO_STUB
#define FASTENERS_NO_STUB
#endif

/* Between FASTENERS_BEGIN_DECLS and FASTENERS_END_DECLS the names are those of C. */
#ifdef __cplusplus
#define FASTENERS_BEGIN_DECLS extern "C" {
#define FASTENERS_END_DECLS }
#else
#define FASTENERS_BEGIN_DECLS
#define FASTENERS_END_DECLS
#endif

#endif
