/* SPDX-License-Identifier: Apache-2.0 */
#include "shared_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

void *shared_memory_map(const char *path, size_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    void *memory = MAP_FAILED;

    if (fd < 0)
        return NULL;
    if (ftruncate(fd, (off_t)size) == 0)
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return memory != MAP_FAILED ? memory : NULL;
}

void shared_memory_unmap(void *memory, size_t size)
{
    munmap(memory, size);
}

shared_number shared_number_open(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
}

void shared_number_close(shared_number of)
{
    close((int)of);
}

int64_t shared_number_read(shared_number of)
{
    int64_t number = 0;
    ssize_t got = pread((int)of, &number, sizeof(number), 0);

    return got == 0 || got == (ssize_t)sizeof(number) ? number : -1;
}

bool shared_number_write(shared_number of, int64_t number)
{
    return pwrite((int)of, &number, sizeof(number), 0) == (ssize_t)sizeof(number);
}
