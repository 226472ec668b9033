/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

static int table[10];

static int table_get(int key)
{
    return table[key];
}

static void table_put(int key, int value)
{
    table[key] = value;
}

fasteners_status look_up(int key, int *value);
fasteners_status change(int key, int value);

#include "block.inc"

int main(void)
{
    int value = 0;

    if (change(7, 42) != FASTENERS_OK || look_up(7, &value) != FASTENERS_OK)
        return 1;
    return value == 42 ? 0 : 1;
}
