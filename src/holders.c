/* SPDX-License-Identifier: Apache-2.0 */
#include "holders.h"

#include "answer.h"

static const size_t FIRST_SIZE = FST_ANSWER_FIRST(fasteners_holder, host);

static fasteners_holder *element(const fst_holders *holders, size_t index)
{
    return (fasteners_holder *)(void *)((char *)holders->first + index * holders->first->size);
}

bool fst_holders_begin(const fst_holders *holders)
{
    const fasteners_holder nobody = {0};

    if (holders->limit == 0)
        return true;
    if (holders->first == NULL || holders->first->size < FIRST_SIZE)
        return false;
    for (size_t i = 1; i < holders->limit; i++)
        if (element(holders, i)->size != holders->first->size)
            return false;
    for (size_t i = 0; i < holders->limit; i++)
        fst_answer_fill(element(holders, i), &nobody, sizeof(nobody));
    return true;
}

void fst_holders_add(void *user, const fasteners_holder *found)
{
    fst_holders *holders = user;

    if (holders->count < holders->limit)
        fst_answer_fill(element(holders, holders->count), found, sizeof(*found));
    holders->count++;
}
