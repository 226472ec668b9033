/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_LOG_LINES_H
#define TESTS_SUPPORT_LOG_LINES_H

/*
 * A log callback that keeps what it is told.
 *
 *     log_lines lines = LOG_LINES_INIT;
 *     options.log = log_lines_keep;
 *     options.log_user = &lines;
 */

#include <pthread.h>
#include <stdbool.h>

#include <fasteners.h>

enum { LOG_LINES_KEPT = 64 };

typedef struct log_lines {
    pthread_mutex_t mutex;
    int count; /* all that came; the first LOG_LINES_KEPT of them are kept */
    struct {
        fasteners_log_level level;
        char *text;
    } kept[LOG_LINES_KEPT];
} log_lines;

#define LOG_LINES_INIT                                                                             \
    {                                                                                              \
        .mutex = PTHREAD_MUTEX_INITIALIZER                                                         \
    }

/* A fasteners_log_fn; `user` is a log_lines. */
void log_lines_keep(void *user, fasteners_log_level level, const char *message);

/* How many lines of that level are there that contain the text. NULL: any text. */
int log_lines_with(log_lines *lines, fasteners_log_level level, const char *text);

int log_lines_count(log_lines *lines);

/* Forgets all. */
void log_lines_clear(log_lines *lines);

#endif
