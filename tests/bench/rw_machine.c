/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_machine.h"

#include "moment.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

/* Busy time of all processors since the system began, in ns; -1 if unknown. */
static int64_t busy_time(void)
{
    long long user, nice, system, idle, iowait, irq, softirq, steal;
    FILE *file = fopen("/proc/stat", "r");
    if (!file)
        return -1;
    int fields = fscanf(file, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &user, &nice, &system,
                        &idle, &iowait, &irq, &softirq, &steal);
    fclose(file);
    if (fields != 8)
        return -1;
    return (user + nice + system + irq + softirq + steal) * (NS_PER_S / sysconf(_SC_CLK_TCK));
}

struct rw_watch rw_watch_begin(void)
{
    return (struct rw_watch){moment_now(), moment_cpu(), busy_time()};
}

double rw_watch_others(const struct rw_watch *since)
{
    int64_t busy = busy_time();
    if (busy < 0 || since->busy < 0)
        return NAN;
    int64_t own = moment_cpu() - since->own;
    int64_t all = (moment_now() - since->moment) * sysconf(_SC_NPROCESSORS_ONLN);
    return fmax(0, (double)(busy - since->busy - own) / (double)all);
}
