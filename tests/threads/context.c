/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pthread_getattr_np */
#include "context.h"

#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define WITH_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define WITH_TSAN 1
#endif

#ifdef WITH_ASAN
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef WITH_TSAN
#include <sanitizer/tsan_interface.h>
#endif

enum { STACK_SIZE = 256 * 1024 };

void context_of_thread(context *self)
{
    *self = (context){0};
#ifdef WITH_ASAN
    pthread_attr_t attributes;
    void *stack;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0 ||
        pthread_attr_getstack(&attributes, &stack, &self->stack_size) != 0)
        abort();
    self->stack = stack;
    pthread_attr_destroy(&attributes);
#endif
#ifdef WITH_TSAN
    self->checked = __tsan_get_current_fiber();
#endif
}

void context_make(context *self, void (*body)(void))
{
    *self = (context){.stack = malloc(STACK_SIZE), .stack_size = STACK_SIZE};
    if (self->stack == NULL || getcontext(&self->machine) != 0)
        abort();
    self->machine.uc_stack.ss_sp = self->stack;
    self->machine.uc_stack.ss_size = self->stack_size;
    makecontext(&self->machine, body, 0);
#ifdef WITH_TSAN
    self->checked = __tsan_create_fiber(0);
#endif
}

void context_free(context *self)
{
#ifdef WITH_TSAN
    __tsan_destroy_fiber(self->checked);
#endif
    free(self->stack);
    self->stack = NULL;
}

void context_begun(void)
{
#ifdef WITH_ASAN
    __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
}

void context_switch(context *from, context *to, bool ends)
{
#ifdef WITH_ASAN
    __sanitizer_start_switch_fiber(ends ? NULL : &from->fake_stack, to->stack, to->stack_size);
#endif
#ifdef WITH_TSAN
    __tsan_switch_to_fiber(to->checked, 0);
#endif
    if (ends)
        setcontext(&to->machine);
    else if (swapcontext(&from->machine, &to->machine) != 0)
        abort();
#ifdef WITH_ASAN
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}
