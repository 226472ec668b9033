/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that have an index rewritten, and tell `call` what became of it. */
#include <fasteners.h>
#include <stdio.h>

static int rewrite_the_index(void *index)
{
    ++*(int *)index;
    return 0;
}

int main(void)
{
    int index = 0;
#include "block.inc"
    return call.called && index == 1 ? 0 : 1;
}
