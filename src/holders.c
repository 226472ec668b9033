/* SPDX-License-Identifier: Apache-2.0 */
#include "holders.h"

#include <string.h>

static fasteners_holder *element(const fst_holders *holders, size_t index)
{
    return (fasteners_holder *)(void *)((char *)holders->first + index * holders->first->size);
}

static void fill(fasteners_holder *theirs, const fasteners_holder *found)
{
    size_t size = theirs->size;

    memset(theirs, 0, size);
    memcpy(theirs, found, sizeof(*found));
    theirs->size = size;
}

bool fst_holders_begin(const fst_holders *holders)
{
    const fasteners_holder nobody = {0};

    if (holders->limit == 0)
        return true;
    if (holders->first == NULL || holders->first->size < sizeof(fasteners_holder))
        return false;
    for (size_t i = 1; i < holders->limit; i++)
        if (element(holders, i)->size != holders->first->size)
            return false;
    for (size_t i = 0; i < holders->limit; i++)
        fill(element(holders, i), &nobody);
    return true;
}

void fst_holders_add(void *user, const fasteners_holder *found)
{
    fst_holders *holders = user;

    if (holders->count < holders->limit)
        fill(element(holders, holders->count), found);
    holders->count++;
}
