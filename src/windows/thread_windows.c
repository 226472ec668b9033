/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A thread's number, and its end.
 *
 * The end is told by the system for every slot of FlsAlloc, before the loader takes its lock and
 * ends what the compiler keeps for the thread. A slot belongs to a fiber, and is told too when a
 * fiber is deleted, by whatever thread: so what was asked for stands in a slot of the thread too,
 * and while the thread is a fiber its end is not believed.
 */

#include "errors_windows.h"

enum { ROUNDS = 4 };

static DWORD number_slot = TLS_OUT_OF_INDEXES;
static DWORD argument_slot = TLS_OUT_OF_INDEXES;
static DWORD end_slot = FLS_OUT_OF_INDEXES;

static void CALLBACK at_end(void *argument)
{
    if (argument == NULL || TlsGetValue(argument_slot) != argument || fst_windows_process_ends())
        return;
    if (IsThreadAFiber()) {
        FlsSetValue(end_slot, argument);
        return;
    }
    for (int round = 0; argument != NULL && round < ROUNDS; round++) {
        TlsSetValue(argument_slot, NULL);
        fst_thread_ended(argument);
        argument = TlsGetValue(argument_slot);
    }
}

/* The system calls at_end for as long as the process lives: its code must stay, too. */
static void stay_loaded(void)
{
    HMODULE ignored;

    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                       (const WCHAR *)(uintptr_t)at_end, &ignored);
}

/* As early as the locks of this library may be used by another constructor. */
__attribute__((constructor(101))) static void make_slots(void)
{
    number_slot = TlsAlloc();
    argument_slot = TlsAlloc();
    end_slot = FlsAlloc(at_end);
    stay_loaded();
}

fasteners_status fst_os_at_thread_end(void *argument, int *os_error)
{
    if (TlsSetValue(argument_slot, argument) && FlsSetValue(end_slot, argument))
        return FASTENERS_OK;
    return fst_windows_failure(os_error);
}

/*
 * Not a variable of the compiler's: some of these are gone when the thread ends, and the number is
 * still needed. The system's own thread number is used again for later threads.
 */
uint64_t fst_os_thread_id(void)
{
    static _Atomic uintptr_t last;
    uintptr_t number = (uintptr_t)TlsGetValue(number_slot);

    if (number == 0) {
        number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
        TlsSetValue(number_slot, (void *)number);
    }
    return number;
}

/* ------------------------------------------------------------------------- a new thread -- */

enum { STACK_SIZE = 128 * 1024 };

/* What the new thread is to do; it frees it. */
typedef struct task {
    void *(*body)(void *argument);
    void *argument;
} task;

static DWORD WINAPI run(void *argument)
{
    const task what = *(const task *)argument;

    fst_os_free(argument);
    what.body(what.argument);
    return 0;
}

fasteners_status fst_os_thread_start(void *(*body)(void *argument), void *argument, int *os_error)
{
    task *what = fst_os_alloc(sizeof(*what));

    if (what == NULL)
        return fst_windows_failure_of(ERROR_NOT_ENOUGH_MEMORY, os_error);
    *what = (task){.body = body, .argument = argument};
    HANDLE thread =
        CreateThread(NULL, STACK_SIZE, run, what, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread == NULL) {
        fst_os_free(what);
        *os_error = (int)GetLastError();
        return FASTENERS_OS_ERROR;
    }
    CloseHandle(thread);
    return FASTENERS_OK;
}
