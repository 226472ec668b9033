/* SPDX-License-Identifier: Apache-2.0 */
#include "log_lines.h"

#include <stdlib.h>
#include <string.h>

void log_lines_keep(void *user, fasteners_log_level level, const char *message)
{
    log_lines *lines = user;

    pthread_mutex_lock(&lines->mutex);
    if (lines->count < LOG_LINES_KEPT) {
        lines->kept[lines->count].level = level;
        lines->kept[lines->count].text = strdup(message);
    }
    lines->count++;
    pthread_mutex_unlock(&lines->mutex);
}

static int kept_lines(const log_lines *lines)
{
    return lines->count < LOG_LINES_KEPT ? lines->count : LOG_LINES_KEPT;
}

int log_lines_with(log_lines *lines, fasteners_log_level level, const char *text)
{
    int found = 0;

    pthread_mutex_lock(&lines->mutex);
    for (int i = 0; i < kept_lines(lines); i++)
        if (lines->kept[i].level == level &&
            (text == NULL || strstr(lines->kept[i].text, text) != NULL))
            found++;
    pthread_mutex_unlock(&lines->mutex);
    return found;
}

int log_lines_count(log_lines *lines)
{
    int count;

    pthread_mutex_lock(&lines->mutex);
    count = lines->count;
    pthread_mutex_unlock(&lines->mutex);
    return count;
}

void log_lines_clear(log_lines *lines)
{
    pthread_mutex_lock(&lines->mutex);
    for (int i = 0; i < kept_lines(lines); i++)
        free(lines->kept[i].text);
    lines->count = 0;
    pthread_mutex_unlock(&lines->mutex);
}
