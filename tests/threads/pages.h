/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PAGES_H
#define PAGES_H

/* Memory that faults when it is touched after it was freed. */

#include <stdbool.h>
#include <stddef.h>

size_t page_size(void);
/* So many pages in a row, all zero. NULL: there is no memory. */
void *pages_make(size_t count);
/* One of them. False: the system refuses. */
bool page_free(void *page);

#endif
