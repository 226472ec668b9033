/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_record.h"

#include <stdatomic.h>
#include <stddef.h>

#include "shared_file.h"

struct rw_record {
    _Atomic uint32_t readers;
    _Atomic uint32_t writers;
    _Atomic uint32_t violations;
    _Atomic uint32_t most_readers;
    volatile int64_t writes;
};

rw_record *rw_record_open(const char *path)
{
    return shared_memory_map(path, sizeof(rw_record));
}

void rw_record_close(rw_record *of)
{
    shared_memory_unmap(of, sizeof(*of));
}

static void note(rw_record *of, bool good)
{
    if (!good)
        atomic_fetch_add(&of->violations, 1);
}

void rw_record_begin_read(rw_record *of)
{
    uint32_t now = atomic_fetch_add(&of->readers, 1) + 1;
    uint32_t most = atomic_load(&of->most_readers);

    note(of, atomic_load(&of->writers) == 0);
    while (now > most && !atomic_compare_exchange_weak(&of->most_readers, &most, now))
        continue;
}

void rw_record_end_read(rw_record *of)
{
    note(of, atomic_load(&of->writers) == 0);
    atomic_fetch_sub(&of->readers, 1);
}

void rw_record_begin_write(rw_record *of)
{
    note(of, atomic_fetch_add(&of->writers, 1) == 0);
    note(of, atomic_load(&of->readers) == 0);
    of->writes = of->writes + 1;
}

void rw_record_end_write(rw_record *of)
{
    note(of, atomic_load(&of->readers) == 0);
    note(of, atomic_fetch_sub(&of->writers, 1) == 1);
}

void rw_record_upgrade(rw_record *of)
{
    atomic_fetch_sub(&of->readers, 1);
    rw_record_begin_write(of);
}

void rw_record_downgrade(rw_record *of)
{
    note(of, atomic_load(&of->readers) == 0);
    atomic_fetch_add(&of->readers, 1);
    note(of, atomic_fetch_sub(&of->writers, 1) == 1);
}

long rw_record_violations(const rw_record *of)
{
    return (long)atomic_load(&of->violations);
}

long rw_record_most_readers(const rw_record *of)
{
    return (long)atomic_load(&of->most_readers);
}

int64_t rw_record_writes(const rw_record *of)
{
    return of->writes;
}
