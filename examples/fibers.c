/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fibers of one thread that share a lock.
 *
 *     fibers [--without-hooks]
 *
 * Two clerks move money between two accounts, and stop in the midst of it, as if for an answer from
 * the network; an auditor adds the accounts up. All three are fibers of this one thread. The hooks
 * below make a lock tell them apart, and let others run while one waits; without hooks a lock knows
 * threads alone, and lets all three in. Exit status 0 if the sum was right each time, 1 if it was
 * not, 2 for trouble.
 */
#define _XOPEN_SOURCE 700

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include <fasteners.h>

enum { EXIT_RIGHT = 0, EXIT_WRONG = 1, EXIT_TROUBLE = 2 };
enum { FIBERS = 3, ROUNDS = 3, STACK_SIZE = 128 * 1024, ALL = 1000 };

static void must(const char *call, bool works)
{
    if (works)
        return;
    fprintf(stderr, "fibers: %s failed\n", call);
    exit(EXIT_TROUBLE);
}

static int64_t now_ms(void)
{
    static int64_t start;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (start == 0)
        start = ms;
    return ms - start;
}

/* a scheduler ---------------------------------------------------------------------------------- */

struct fiber {
    const char *name;
    void (*body)(void);
    ucontext_t context;
    int64_t runs_at; /* not before, in milliseconds; NEVER: it waits to be woken */
    bool woken, ended;
};

static const int64_t NEVER = INT64_MAX;

static struct fiber fibers[FIBERS];
static struct fiber *running;
static ucontext_t scheduler;

static void say(const char *what)
{
    printf("%4d ms  %-9s%s\n", (int)now_ms(), running->name, what);
}

/* Lets others run until that time, or until somebody changes it. */
static void suspend_until(int64_t ms)
{
    running->runs_at = ms;
    swapcontext(&running->context, &scheduler);
}

static void begin(void)
{
    running->body();
    running->ended = true;
    suspend_until(NEVER);
}

static void start(struct fiber *fiber, const char *name, void (*body)(void))
{
    *fiber = (struct fiber){.name = name, .body = body};
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = malloc(STACK_SIZE);
    fiber->context.uc_stack.ss_size = STACK_SIZE;
    must("malloc", fiber->context.uc_stack.ss_sp != NULL);
    makecontext(&fiber->context, begin, 0);
}

/* The one that may run next. */
static struct fiber *first(void)
{
    struct fiber *result = &fibers[0];
    for (int i = 1; i < FIBERS; i++)
        if (fibers[i].runs_at < result->runs_at)
            result = &fibers[i];
    return result;
}

static void run_all(void)
{
    while ((running = first())->runs_at != NEVER) {
        int64_t ms = running->runs_at - now_ms();
        struct timespec pause = {0, (long)ms * 1000000};
        if (ms > 0)
            nanosleep(&pause, NULL);
        else
            swapcontext(&scheduler, &running->context);
    }
    for (int i = 0; i < FIBERS; i++) {
        must("ending", fibers[i].ended); /* else it waits for ever */
        free(fibers[i].context.uc_stack.ss_sp);
    }
}

/* the hooks: who runs, and how it waits and is woken ------------------------------------------- */

static void *current(void *user)
{
    (void)user;
    return running;
}

static fasteners_status wait_until_woken(void *user, void *fiber, int64_t timeout_ms)
{
    struct fiber *self = fiber;
    int64_t end = timeout_ms == FASTENERS_FOREVER ? NEVER : now_ms() + timeout_ms;

    (void)user;
    while (!self->woken && now_ms() < end)
        suspend_until(end);
    bool woken = self->woken;
    self->woken = false;
    return woken ? FASTENERS_OK : FASTENERS_TIMED_OUT;
}

static void wake(void *user, void *fiber)
{
    struct fiber *other = fiber;

    (void)user;
    other->woken = true;
    other->runs_at = 0;
}

static void make_lock(fasteners_rw_lock *lock, bool with_hooks)
{
    fasteners_rw_lock_options options = FASTENERS_RW_LOCK_OPTIONS_INIT;

    if (with_hooks) {
        options.current = current;
        options.wait = wait_until_woken;
        options.wake = wake;
    }
    must("fasteners_rw_lock_init", fasteners_rw_lock_init(lock, &options) == FASTENERS_OK);
}

/* what they do --------------------------------------------------------------------------------- */

static fasteners_rw_lock lock;
static int accounts[2] = {ALL, 0};
static int audits, wrong;

static void move_money(void)
{
    for (int i = 1; i <= ROUNDS; i++) {
        must("acquire_write",
             fasteners_rw_lock_acquire_write(&lock, FASTENERS_FOREVER) == FASTENERS_OK);
        say("takes 10 from the one, and waits for the network");
        accounts[0] -= 10;
        suspend_until(now_ms() + 12);
        accounts[1] += 10;
        say("gives 10 to the other");
        must("release_write", fasteners_rw_lock_release_write(&lock) == FASTENERS_OK);
        suspend_until(now_ms() + 5);
    }
}

static void audit(void)
{
    while (audits < ROUNDS) {
        fasteners_status status = fasteners_rw_lock_acquire_read(&lock, 8);
        if (status == FASTENERS_TIMED_OUT) {
            say("has waited for 8 ms, does something else, and comes back");
            suspend_until(now_ms() + 1);
            continue;
        }
        must("acquire_read", status == FASTENERS_OK);
        int sum = accounts[0] + accounts[1];
        audits++;
        wrong += sum != ALL;
        say(sum == ALL ? "finds that nothing is missing" : "MISSES SOMETHING");
        must("release_read", fasteners_rw_lock_release_read(&lock) == FASTENERS_OK);
        suspend_until(now_ms() + 6);
    }
}

int main(int argc, char **argv)
{
    bool with_hooks = argc < 2;

    if (argc > 2 || (argc == 2 && strcmp(argv[1], "--without-hooks") != 0)) {
        fputs("usage: fibers [--without-hooks]\n", stderr);
        return EXIT_TROUBLE;
    }
    make_lock(&lock, with_hooks);
    start(&fibers[0], "Ann:", move_money);
    start(&fibers[1], "Bob:", move_money);
    start(&fibers[2], "auditor:", audit);
    run_all();
    must("fasteners_rw_lock_destroy", fasteners_rw_lock_destroy(&lock) == FASTENERS_OK);
    printf("three fibers of one thread, %s hooks: %d audits, %d of them wrong\n",
           with_hooks ? "with" : "without", audits, wrong);
    puts(wrong == 0 ? "ok" : "not ok");
    return wrong == 0 ? EXIT_RIGHT : EXIT_WRONG;
}
