/* SPDX-License-Identifier: Apache-2.0 */
/* A function that looks something up, at the scope of a file. */
int look_up(int key);

#include "block.inc"

int main(void)
{
    return look_up(7);
}
