/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTEXT_H
#define CONTEXT_H

/*
 * A stack and where its code is: makecontext and swapcontext, such that AddressSanitizer and
 * ThreadSanitizer see that the stack changes; on Windows its fibers.
 */

#include <stdbool.h>
#include <stddef.h>

#ifdef _WIN32
typedef void *machine_context;
#else
#include <ucontext.h>
typedef ucontext_t machine_context;
#endif

typedef struct context {
    machine_context machine;
    void *stack;
    size_t stack_size;
    void *fake_stack; /* AddressSanitizer's */
    void *checked;    /* ThreadSanitizer's */
} context;

/* For the stack of the calling thread. */
void context_of_thread(context *self);

/*
 * A stack of its own, on which body() will run once it is switched to. body never returns, and
 * calls context_begun first.
 */
void context_make(context *self, void (*body)(void));
void context_begun(void);
void context_free(context *self);

/* From one to the other; returns when somebody switches back. ends: nobody will. */
void context_switch(context *from, context *to, bool ends);

#endif
