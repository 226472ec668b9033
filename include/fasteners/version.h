/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FASTENERS_VERSION_H
#define FASTENERS_VERSION_H

#include <fasteners/attributes.h>

FASTENERS_BEGIN_DECLS

/*
 * The version of this header. Semantic versioning: from 1.0.0 on, equal major numbers mean that a
 * program built against the older one runs with the newer one. The build system reads these three
 * lines; the number stands nowhere else.
 */
#define FASTENERS_VERSION_MAJOR 1
#define FASTENERS_VERSION_MINOR 0
#define FASTENERS_VERSION_PATCH 0

/* One number to compare, for instance: #if FASTENERS_VERSION >= 10203 (1.2.3). */
#define FASTENERS_VERSION                                                                          \
    (FASTENERS_VERSION_MAJOR * 10000 + FASTENERS_VERSION_MINOR * 100 + FASTENERS_VERSION_PATCH)

/* The version of the library that the program runs with, as FASTENERS_VERSION. */
FASTENERS_API int fasteners_version(void);

/* The same as text, for instance "1.0.0". Never NULL; lives for ever. */
FASTENERS_API const char *fasteners_version_string(void);

FASTENERS_END_DECLS

#endif
