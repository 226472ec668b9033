/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_ATTRIBUTES_H
#define FASTENERS_ATTRIBUTES_H

/* What the declarations of the other headers are decorated with. */

#if defined(__GNUC__)
#define FASTENERS_API __attribute__((visibility("default")))
#else
#define FASTENERS_API
#endif

/* The result says whether the lock is held: ignoring it is always a mistake. */
#if defined(__GNUC__)
#define FASTENERS_NODISCARD __attribute__((warn_unused_result))
#elif defined(_MSC_VER)
#define FASTENERS_NODISCARD _Check_return_
#else
#define FASTENERS_NODISCARD
#endif

#ifdef __cplusplus
#define FASTENERS_BEGIN_DECLS extern "C" {
#define FASTENERS_END_DECLS }
#else
#define FASTENERS_BEGIN_DECLS
#define FASTENERS_END_DECLS
#endif

#endif
