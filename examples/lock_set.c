/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A bank: processes with threads move money between accounts, each a file with a lock of its own,
 * while auditors look at all accounts at once.
 *
 *     lock_set [--one-by-one] DIRECTORY [PROCESSES [TRANSFERS]]
 *
 * A transfer needs two locks, and its direction is given by chance: taken one after the other, two
 * transfers that meet would wait for each other. --one-by-one shows that: each such transfer gives
 * up after 50 ms. As a set, both are acquired in an order of the library's, and nobody gets stuck.
 * An audit reads all accounts under one set, and so sees no money on its way. Exit status 0 if no
 * money was lost or made, nor any missing in an audit, 1 if so, 2 for trouble.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fasteners.h>

enum { EXIT_GOOD = 0, EXIT_WRONG = 1, EXIT_TROUBLE = 2 };
enum { ACCOUNTS = 5, OPENING_BALANCE = 100, THREADS = 2, AUDIT_EVERY = 10, PATIENCE_MS = 50 };

struct bank {
    const char *directory;
    bool one_by_one;
    long processes;
    long transfers; /* of each thread */
    fasteners_ipc_rwlock *lock[ACCOUNTS];

    /* Of this process alone, among its threads. */
    fasteners_rw_lock figures_lock;
    long moved, stuck, audits, wrong;
};

struct teller {
    struct bank *at;
    unsigned seed;
};

/* ------------------------------------------------------------------------------ accounts -- */

static bool name_file(const struct bank *bank, int account, const char *ending, char path[512])
{
    int length = snprintf(path, 512, "%s/account%d%s", bank->directory, account, ending);
    return length > 0 && length < 512;
}

static bool read_balance(const struct bank *bank, int account, long *balance)
{
    char path[512];
    FILE *file = name_file(bank, account, "", path) ? fopen(path, "r") : NULL;
    if (file == NULL)
        return false;
    bool read = fscanf(file, "%ld", balance) == 1;
    fclose(file);
    return read;
}

static bool write_balance(const struct bank *bank, int account, long balance)
{
    char path[512];
    FILE *file = name_file(bank, account, "", path) ? fopen(path, "w") : NULL;
    if (file == NULL)
        return false;
    bool written = fprintf(file, "%ld\n", balance) > 0;
    return fclose(file) == 0 && written;
}

/* Needs protection: between the reading and the writing the money is nowhere. */
static bool move_money(const struct bank *bank, int from, int to)
{
    long had, has;
    return read_balance(bank, from, &had) && read_balance(bank, to, &has) &&
           write_balance(bank, from, had - 1) && write_balance(bank, to, has + 1);
}

/* ------------------------------------------------------------------------ under the locks -- */

static bool complain(const char *what, size_t member, fasteners_status status)
{
    fprintf(stderr, "lock_set: %s, lock %zu: %s\n", what, member, fasteners_strerror(status));
    return false;
}

/* All three locks of different kinds are one set; those of the files are taken first. */
static bool transfer(struct bank *bank, int from, int to)
{
    fasteners_lock_set_member locks[] = {
        fasteners_member_ipc_write(bank->lock[from]),
        fasteners_member_ipc_write(bank->lock[to]),
        fasteners_member_write(&bank->figures_lock),
    };
    size_t failed;
    fasteners_status status = fasteners_lock_set_acquire(locks, 3, FASTENERS_FOREVER, &failed);
    if (status != FASTENERS_OK)
        return complain("transfer", failed, status);
    bool well = move_money(bank, from, to);
    bank->moved++;
    status = fasteners_lock_set_release(locks, 3, &failed);
    return status == FASTENERS_OK ? well : complain("release", failed, status);
}

static void nap(void)
{
    const struct timespec length = {.tv_nsec = 100000};
    nanosleep(&length, NULL);
}

/* As it should not be done. */
static bool transfer_one_by_one(struct bank *bank, int from, int to)
{
    bool moved = false, well = true;
    if (fasteners_ipc_rwlock_acquire_write(bank->lock[from], PATIENCE_MS) == FASTENERS_OK) {
        nap(); /* somebody else comes the other way */
        if (fasteners_ipc_rwlock_acquire_write(bank->lock[to], PATIENCE_MS) == FASTENERS_OK) {
            moved = well = move_money(bank, from, to);
            fasteners_ipc_rwlock_release_write(bank->lock[to]);
        }
        fasteners_ipc_rwlock_release_write(bank->lock[from]);
    }
    if (fasteners_rw_lock_acquire_write(&bank->figures_lock, FASTENERS_FOREVER) != FASTENERS_OK)
        return false;
    bank->moved += moved;
    bank->stuck += !moved;
    fasteners_rw_lock_release_write(&bank->figures_lock);
    return well;
}

/* A set may be filled in step by step. */
static bool audit(struct bank *bank)
{
    fasteners_lock_set_member locks[ACCOUNTS + 1];
    size_t count = 0, failed;
    for (int account = 0; account < ACCOUNTS; account++)
        locks[count++] = fasteners_member_ipc_read(bank->lock[account]);
    locks[count++] = fasteners_member_write(&bank->figures_lock);
    fasteners_status status = fasteners_lock_set_acquire(locks, count, FASTENERS_FOREVER, &failed);
    if (status != FASTENERS_OK)
        return complain("audit", failed, status);
    long sum = 0, balance;
    bool well = true;
    for (int account = 0; account < ACCOUNTS && well; account++) {
        well = read_balance(bank, account, &balance);
        sum += balance;
    }
    bank->audits++;
    bank->wrong += sum != (long)ACCOUNTS * OPENING_BALANCE;
    status = fasteners_lock_set_release(locks, count, &failed);
    return status == FASTENERS_OK ? well : complain("release", failed, status);
}

/* ------------------------------------------------------------------- threads, processes -- */

/* What each thread does. Returns NULL if all went well. */
static void *work(void *argument)
{
    struct teller *teller = argument;
    struct bank *bank = teller->at;
    bool well = true;
    for (long i = 1; i <= bank->transfers && well; i++) {
        int from = rand_r(&teller->seed) % ACCOUNTS;
        int to = (from + 1 + rand_r(&teller->seed) % (ACCOUNTS - 1)) % ACCOUNTS;
        well = bank->one_by_one ? transfer_one_by_one(bank, from, to) : transfer(bank, from, to);
        if (well && i % AUDIT_EVERY == 0)
            well = audit(bank);
    }
    return well ? NULL : argument;
}

static bool open_bank(struct bank *bank)
{
    char path[512];
    for (int account = 0; account < ACCOUNTS; account++) {
        if (!name_file(bank, account, ".lock", path) ||
            fasteners_ipc_rwlock_create(&bank->lock[account], path, NULL) != FASTENERS_OK)
            return false;
    }
    return true;
}

static int run_process(struct bank *bank, unsigned seed)
{
    pthread_t threads[THREADS];
    struct teller tellers[THREADS];
    int started = 0;
    bool well = open_bank(bank);
    for (; well && started < THREADS; started++) {
        tellers[started] = (struct teller){bank, seed * THREADS + (unsigned)started};
        if (pthread_create(&threads[started], NULL, work, &tellers[started]) != 0)
            break;
    }
    for (int i = 0; i < started; i++) {
        void *failed;
        well = pthread_join(threads[i], &failed) == 0 && failed == NULL && well;
    }
    for (int account = 0; account < ACCOUNTS; account++)
        fasteners_ipc_rwlock_destroy(bank->lock[account]);
    printf("process %ld: %ld transfers, %ld stuck, %ld audits, %ld of them wrong\n", (long)getpid(),
           bank->moved, bank->stuck, bank->audits, bank->wrong);
    if (!well || started < THREADS)
        return EXIT_TROUBLE;
    return bank->wrong == 0 ? EXIT_GOOD : EXIT_WRONG;
}

static int run_processes(struct bank *bank)
{
    int worst = EXIT_GOOD, outcome;
    fflush(NULL); /* else the children would print what is buffered here once more */
    for (long i = 0; i < bank->processes; i++) {
        pid_t child = fork();
        if (child == 0)
            exit(run_process(bank, (unsigned)i + 1));
        if (child < 0) {
            perror("lock_set: fork");
            worst = EXIT_TROUBLE;
        }
    }
    while (wait(&outcome) > 0) {
        int status = WIFEXITED(outcome) ? WEXITSTATUS(outcome) : EXIT_TROUBLE;
        worst = status > worst ? status : worst;
    }
    return worst;
}

static int run(struct bank *bank)
{
    long sum = 0, balance;
    for (int account = 0; account < ACCOUNTS; account++) {
        if (!write_balance(bank, account, OPENING_BALANCE)) {
            perror("lock_set: cannot open an account");
            return EXIT_TROUBLE;
        }
    }
    int outcome = run_processes(bank);
    for (int account = 0; account < ACCOUNTS; account++)
        sum += read_balance(bank, account, &balance) ? balance : 0;
    bool good = outcome == EXIT_GOOD && sum == (long)ACCOUNTS * OPENING_BALANCE;
    printf("the accounts hold %ld of %d: %s\n", sum, ACCOUNTS * OPENING_BALANCE,
           good ? "ok" : "not ok");
    return outcome == EXIT_GOOD && !good ? EXIT_WRONG : outcome;
}

int main(int argc, char **argv)
{
    static struct bank bank = {.processes = 4, .transfers = 100};
    int next = 1;
    if (next < argc && strcmp(argv[next], "--one-by-one") == 0) {
        bank.one_by_one = true;
        next++;
    }
    bank.directory = next < argc ? argv[next++] : NULL;
    if (next < argc)
        bank.processes = strtol(argv[next++], NULL, 10);
    if (next < argc)
        bank.transfers = strtol(argv[next++], NULL, 10);
    if (bank.directory == NULL || next < argc || bank.processes < 1 || bank.transfers < 1) {
        fputs("usage: lock_set [--one-by-one] DIRECTORY [PROCESSES [TRANSFERS]]\n", stderr);
        return EXIT_TROUBLE;
    }
    mkdir(bank.directory, 0777); /* if it is not there yet */
    return run(&bank);
}
