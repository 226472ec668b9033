/* SPDX-License-Identifier: Apache-2.0 */
#include "context.h"

#include <stdlib.h>
#include <windows.h>

enum { STACK_SIZE = 256 * 1024 };

/* What a new fiber is to run. */
typedef void body_fn(void);

static void CALLBACK run(void *body)
{
    ((body_fn *)(uintptr_t)body)();
}

void context_of_thread(context *self)
{
    *self = (context){.machine = IsThreadAFiber() ? GetCurrentFiber() : ConvertThreadToFiber(NULL)};
    if (self->machine == NULL)
        abort();
}

void context_make(context *self, void (*body)(void))
{
    *self = (context){.machine = CreateFiber(STACK_SIZE, run, (void *)(uintptr_t)body)};
    if (self->machine == NULL)
        abort();
}

void context_free(context *self)
{
    DeleteFiber(self->machine);
    self->machine = NULL;
}

void context_begun(void)
{
}

void context_switch(context *from, context *to, bool ends)
{
    (void)from;
    (void)ends;
    SwitchToFiber(to->machine);
}
