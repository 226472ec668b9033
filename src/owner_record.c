/* SPDX-License-Identifier: Apache-2.0 */
#include "owner_record.h"

#include <string.h>

#include "printable.h"

/* -------------------------------------------------------------------------- one line -- */

/*
 * Fields of fixed width, a blank after each: the state, numbers with leading zeros, text filled up
 * with blanks, the checksum of all that, and a line feed.
 */
enum {
    STATE_WIDTH = 8,
    NUMBER_WIDTH = 20,
    BOOT_WIDTH = sizeof(((fst_process *)0)->boot) - 1,
    HOST_WIDTH = sizeof(((fst_process *)0)->host) - 1,
    SUM_WIDTH = 16,
    SUM_AT = FST_OWNER_LINE - 1 - SUM_WIDTH
};

_Static_assert(STATE_WIDTH + 6 * NUMBER_WIDTH + BOOT_WIDTH + HOST_WIDTH + 9 <= SUM_AT,
               "a record fits into its line");

static const char HELD[] = "held";
static const char RELEASED[] = "released";

static void put_text(char **at, const char *text, size_t width)
{
    size_t length = strlen(text);

    memcpy(*at, text, length < width ? length : width);
    *at += width + 1;
}

static void put_number(char **at, uint64_t number)
{
    for (int i = NUMBER_WIDTH; i-- > 0; number /= 10)
        (*at)[i] = (char)('0' + number % 10);
    *at += NUMBER_WIDTH + 1;
}

static void put_sum(char *at, uint64_t sum)
{
    for (int i = SUM_WIDTH; i-- > 0; sum /= 16)
        at[i] = "0123456789abcdef"[sum % 16];
}

static void get_text(const char **at, char *text, size_t width)
{
    memcpy(text, *at, width);
    *at += width + 1;
    while (width > 0 && text[width - 1] == ' ')
        width--;
    text[width] = '\0';
}

/* Digits, as the checksum tells. A forged line gives any number, which it could anyhow. */
static uint64_t get_number(const char **at)
{
    uint64_t number = 0;

    for (int i = 0; i < NUMBER_WIDTH; i++)
        number = number * 10 + (uint64_t)((*at)[i] - '0');
    *at += NUMBER_WIDTH + 1;
    return number;
}

/* FNV-1a: against a write by half, not against malice. */
static uint64_t sum_of(const char *bytes, size_t count)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < count; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static void close_line(char line[FST_OWNER_LINE])
{
    put_sum(line + SUM_AT, sum_of(line, SUM_AT));
    line[FST_OWNER_LINE - 1] = '\n';
}

static bool is_whole(const char line[FST_OWNER_LINE])
{
    char copy[FST_OWNER_LINE];

    memcpy(copy, line, sizeof(copy));
    close_line(copy);
    return memcmp(copy, line, sizeof(copy)) == 0;
}

void fst_owner_encode(const fst_owner_record *record, char line[FST_OWNER_LINE])
{
    char *at = line;

    memset(line, ' ', FST_OWNER_LINE);
    put_text(&at, record->is_held ? HELD : RELEASED, STATE_WIDTH);
    put_number(&at, record->generation);
    put_number(&at, record->sequence);
    put_number(&at, (uint64_t)record->since_ms);
    put_number(&at, (uint64_t)record->process.pid);
    put_number(&at, record->process.start);
    put_number(&at, record->process.pid_space);
    put_text(&at, record->process.boot, BOOT_WIDTH);
    put_text(&at, record->process.host, HOST_WIDTH);
    close_line(line);
}

bool fst_owner_decode(const char line[FST_OWNER_LINE], fst_owner_record *record)
{
    const char *at = line;
    char state[STATE_WIDTH + 1];

    if (!is_whole(line))
        return false;
    get_text(&at, state, STATE_WIDTH);
    record->is_held = strcmp(state, HELD) == 0;
    record->generation = get_number(&at);
    record->sequence = get_number(&at);
    record->since_ms = (int64_t)get_number(&at);
    record->process.pid = (int64_t)get_number(&at);
    record->process.start = get_number(&at);
    record->process.pid_space = get_number(&at);
    get_text(&at, record->process.boot, BOOT_WIDTH);
    get_text(&at, record->process.host, HOST_WIDTH);
    return true;
}

/* -------------------------------------------------------------------------- the file -- */

/* A record that this library could not read would have another number in it. */
static const char HEADER[] = "libfasteners lock file with owner record, version 1\n";

enum { HEADER_SIZE = sizeof(HEADER) - 1, LINES_AT = 64 };
enum { FILE_SIZE = LINES_AT + 2 * FST_OWNER_LINE };

_Static_assert(HEADER_SIZE <= LINES_AT, "the header lies before the records");

/* One byte more than there may be, to see that there is more. */
typedef struct content {
    char bytes[FILE_SIZE + 1];
    size_t count;
} content;

static bool is_zero(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* The text, or the beginning of it and zeros: the rest was cut off, or is not on disk. */
static bool is_or_was(const char *bytes, const char *text, size_t size)
{
    size_t there = 0;

    while (there < size && bytes[there] == text[there])
        there++;
    return is_zero(bytes + there, size - there);
}

static bool begins_like_a_line(const char *line)
{
    return is_or_was(line, HELD, sizeof(HELD) - 1) ||
           is_or_was(line, RELEASED, sizeof(RELEASED) - 1);
}

/* Empty, or begun by this library. What was cut off is zero once something is written behind it. */
static bool is_ours(const content *file)
{
    return file->count <= FILE_SIZE && is_or_was(file->bytes, HEADER, HEADER_SIZE) &&
           is_zero(file->bytes + HEADER_SIZE, LINES_AT - HEADER_SIZE) &&
           begins_like_a_line(file->bytes + LINES_AT) &&
           begins_like_a_line(file->bytes + LINES_AT + FST_OWNER_LINE);
}

static const char *line_of(const content *file, uint64_t sequence)
{
    return file->bytes + LINES_AT + (sequence % 2) * FST_OWNER_LINE;
}

static void find_latest(const content *file, fst_owner_record *latest)
{
    fst_owner_record record;

    *latest = (fst_owner_record){0};
    for (uint64_t i = 0; i < 2; i++)
        if (fst_owner_decode(line_of(file, i), &record) && record.sequence > latest->sequence)
            *latest = record;
}

static fasteners_status read_content(fst_os_file file, content *found, int *os_error)
{
    memset(found->bytes, 0, sizeof(found->bytes));
    fasteners_status status =
        fst_os_file_read(file, 0, found->bytes, sizeof(found->bytes), &found->count, os_error);

    if (status == FASTENERS_OK && !is_ours(found)) {
        *os_error = 0;
        return FASTENERS_INVALID;
    }
    return status;
}

fasteners_status fst_owner_read(fst_os_file file, fst_owner_record *record, int *os_error)
{
    content found;
    fasteners_status status = read_content(file, &found, os_error);

    if (status == FASTENERS_OK)
        find_latest(&found, record);
    return status;
}

static fasteners_status write_header(fst_os_file file, const content *found, int *os_error)
{
    if (memcmp(found->bytes, HEADER, HEADER_SIZE) == 0)
        return FASTENERS_OK;
    return fst_os_file_write(file, 0, HEADER, HEADER_SIZE, os_error);
}

/* Over the older of the two lines. */
static fasteners_status write_record(fst_os_file file, fst_owner_record *record, int *os_error)
{
    char line[FST_OWNER_LINE];

    record->sequence++;
    fst_owner_encode(record, line);
    return fst_os_file_write(file, LINES_AT + (record->sequence % 2) * FST_OWNER_LINE, line,
                             sizeof(line), os_error);
}

/* ------------------------------------------------------------------------- the owner -- */

static void know_itself(fst_owner *owner)
{
    if (owner->knows_itself)
        return;
    fst_os_describe_process(&owner->process);
    owner->knows_itself = true;
}

static void take_over(fst_owner *owner, const fst_owner_record *latest)
{
    know_itself(owner);
    owner->before = *latest;
    owner->record = (fst_owner_record){.is_held = true,
                                       .generation = latest->generation + 1,
                                       .sequence = latest->sequence,
                                       .since_ms = fst_os_wall_clock_ms(),
                                       .process = owner->process};
}

fasteners_status fst_owner_begin(fst_owner *owner, fst_os_file file, int *os_error)
{
    content found;
    fst_owner_record latest;
    fasteners_status status = read_content(file, &found, os_error);

    if (status != FASTENERS_OK)
        return status;
    find_latest(&found, &latest);
    take_over(owner, &latest);
    status = write_header(file, &found, os_error);
    if (status == FASTENERS_OK)
        status = write_record(file, &owner->record, os_error);
    if (status != FASTENERS_OK)
        return status;
    atomic_store_explicit(&owner->abandoned, latest.is_held, memory_order_relaxed);
    atomic_store_explicit(&owner->generation, owner->record.generation, memory_order_relaxed);
    return FASTENERS_OK;
}

bool fst_owner_keeps_news(const fst_owner *owner)
{
    return owner->unheard && atomic_load_explicit(&owner->abandoned, memory_order_relaxed);
}

/*
 * A record that says "held" while nobody holds the lock is that of one who died. It is left as his:
 * we live, and would be named as the holder.
 */
fasteners_status fst_owner_end(fst_owner *owner, fst_os_file file, int *os_error)
{
    fst_owner_record left = owner->record;

    left.is_held = fst_owner_keeps_news(owner);
    if (left.is_held) {
        left.since_ms = owner->before.since_ms;
        left.process = owner->before.process;
    }
    fasteners_status status = write_record(file, &left, os_error);
    owner->record.sequence = left.sequence;
    return status;
}

fasteners_status fst_owner_resume(fst_owner *owner, fst_os_file file, int *os_error)
{
    return write_record(file, &owner->record, os_error);
}

void fst_owner_look(fst_owner *owner, fst_os_file file)
{
    fst_owner_record latest;
    int ignored;
    bool known = fst_owner_read(file, &latest, &ignored) == FASTENERS_OK;

    atomic_store_explicit(&owner->abandoned, known && latest.is_held, memory_order_relaxed);
}

void fst_owner_clear(fst_owner *owner)
{
    owner->unheard = false;
    atomic_store_explicit(&owner->abandoned, false, memory_order_relaxed);
    atomic_store_explicit(&owner->generation, 0, memory_order_relaxed);
}

/* ------------------------------------------------------------------------ for others -- */

/* Whether the pid in the record means anything here. */
static bool is_of_this_place(const fst_process *process)
{
    fst_process self;

    fst_os_describe_process(&self);
    return self.boot[0] != '\0' && strcmp(process->boot, self.boot) == 0 &&
           process->pid_space == self.pid_space;
}

static bool is_about(const fst_owner_record *record, const fasteners_holder *holder)
{
    if (!record->is_held)
        return false;
    if (is_of_this_place(&record->process))
        return (holder->pid == 0 || holder->pid == record->process.pid) &&
               fst_os_process_exists(&record->process);
    return holder->pid == 0;
}

/*
 * Not the header: some systems let nobody but the holder read the byte that is locked. A line tells
 * by itself whether it is one.
 */
static bool read_lines(fst_os_file file, fst_owner_record *latest)
{
    content found;
    size_t count;
    int ignored;

    memset(found.bytes, 0, sizeof(found.bytes));
    if (fst_os_file_read(file, LINES_AT, found.bytes + LINES_AT, FILE_SIZE - LINES_AT, &count,
                         &ignored) != FASTENERS_OK)
        return false;
    find_latest(&found, latest);
    return true;
}

void fst_owner_describe(fst_os_file file, fasteners_holder *holder)
{
    fst_owner_record record;

    if (!read_lines(file, &record) || !is_about(&record, holder))
        return;
    holder->recorded = true;
    holder->since_ms = record.since_ms;
    holder->start = record.process.start;
    memcpy(holder->host, record.process.host, sizeof(holder->host));
    fst_make_printable(holder->host);
    if (is_of_this_place(&record.process))
        holder->pid = record.process.pid;
}

_Static_assert(sizeof(((fasteners_holder *)0)->host) == sizeof(((fst_process *)0)->host),
               "the same name fits into both");
