/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdio.h>

#include "platform.h"
#include "printable.h"

/* Longer paths are cut in the log: what they end in matters less than a bounded stack. */
enum { LINE_SIZE = 1024, REASON_SIZE = 128, PATH_SHOWN = 640 };

fasteners_status fst_report_note(fst_report *report, const char *operation, fasteners_status status,
                                 int os_error)
{
    if (status != FASTENERS_OK && status != FASTENERS_BUSY && status != FASTENERS_LOST) {
        report->failed = operation;
        report->os_error = os_error;
    }
    return status;
}

static void send_line(const fst_settings *settings, fasteners_log_level level, const char *call,
                      const char *what, const char *reason)
{
    char line[LINE_SIZE];

    snprintf(line, sizeof(line), "%s: \"%.*s\": %s%s%s", call, PATH_SHOWN, settings->path, what,
             reason[0] != '\0' ? ": " : "", reason);
    fst_make_printable(line);
    settings->options.log(settings->options.log_user, level, line);
}

static void send_os_error(const fst_settings *settings, fasteners_log_level level, const char *call,
                          const char *what, int os_error)
{
    char reason[REASON_SIZE] = "";

    if (os_error != 0)
        fst_os_error_text(os_error, reason, sizeof(reason));
    send_line(settings, level, call, what, reason);
}

static void send_failure(const fst_report *report, const fst_settings *settings, const char *call,
                         fasteners_status status)
{
    char what[REASON_SIZE];

    snprintf(what, sizeof(what), "cannot %s: %s", report->failed, fasteners_status_name(status));
    send_os_error(settings, FASTENERS_LOG_ERROR, call, what, report->os_error);
}

void fst_report_send(const fst_report *report, const fst_settings *settings, const char *call,
                     fasteners_status status)
{
    if (settings->options.log == NULL)
        return;
    if (report->replaced)
        send_line(settings, FASTENERS_LOG_INFO, call, "the lock file was deleted or replaced", "");
    if (report->descriptor_lost)
        send_line(settings, FASTENERS_LOG_WARNING, call,
                  "the program closed the descriptor, and so lost the lock", "");
    if (report->cannot_queue)
        send_line(settings, FASTENERS_LOG_WARNING, call,
                  "the system cannot queue the wait, so it polls", "");
    if (report->unlink_failed)
        send_os_error(settings, FASTENERS_LOG_WARNING, call, "the lock file could not be removed",
                      report->unlink_error);
    if (report->record_failed)
        send_os_error(settings, FASTENERS_LOG_WARNING, call,
                      "the owner record could not be written, so the next owner will take this "
                      "hold for abandoned",
                      report->record_error);
    if (report->close_failed)
        send_os_error(settings, FASTENERS_LOG_WARNING, call, "closing the lock file failed",
                      report->close_error);
    if (report->failed != NULL && status != FASTENERS_OK)
        send_failure(report, settings, call, status);
}
