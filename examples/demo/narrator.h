/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NARRATOR_H
#define NARRATOR_H

/*
 * Lines of a play with several processes, for the terminal. What holders say while they hold the
 * lock is in the right order in the output; what is said outside it may come a moment late.
 */

#include <stdint.h>

/* The clock of all processes of this machine. */
int64_t now_us(void);

/* The play begins now. To be called before the first fork. */
void narrate_start(void);

/* One line: "  12.3 ms  process 4711 <thread>: <text>". thread NULL: none is mentioned. */
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
void narrate(const char *thread, const char *format, ...);

#endif
