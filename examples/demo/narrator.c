/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "narrator.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t start_us;

int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void narrate_start(void)
{
    start_us = now_us();
}

void narrate(const char *thread, const char *format, ...)
{
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);

    /* One write for the whole line: lines of different processes do not mix. */
    char line[256];
    int length = snprintf(line, sizeof(line), "%7.1f ms  process %ld%s%s: %s\n",
                          (double)(now_us() - start_us) / 1000.0, (long)getpid(),
                          thread != NULL ? " " : "", thread != NULL ? thread : "", text);
    if (length < 0)
        return;
    size_t size = (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1;
    if (write(STDOUT_FILENO, line, size) < 0)
        return; /* nobody is listening: the play goes on */
}
