/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

typedef struct account {
    fasteners_ipc_lock *lock;
    long amount;
} account;

static fasteners_rw_lock rates_lock = FASTENERS_RW_LOCK_INIT;

static void move_money(account *from, account *to, long amount)
{
    from->amount -= amount;
    to->amount += amount;
}

fasteners_status transfer(account *from, account *to, long amount);

#include "block.inc"

int main(void)
{
    account from = {NULL, 10}, to = {NULL, 0};

    if ((fasteners_ipc_lock_create)(&from.lock, "from.lock", NULL) != FASTENERS_OK ||
        (fasteners_ipc_lock_create)(&to.lock, "to.lock", NULL) != FASTENERS_OK)
        return 1;
    fasteners_status status = transfer(&from, &to, 3);
    fasteners_ipc_lock_destroy(to.lock);
    fasteners_ipc_lock_destroy(from.lock);
    return status == FASTENERS_OK && from.amount == 7 && to.amount == 3 ? 0 : 1;
}
