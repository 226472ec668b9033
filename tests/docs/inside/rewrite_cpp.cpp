/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that have an index rewritten. What they include is included here before. */
#include <fasteners.hpp>
#include <mutex>

static int rewritten = 0;

static void rewrite_the_index()
{
    rewritten++;
}

int main()
{
#include "block.inc"
    return rewritten == 1 ? 0 : 1;
}
