/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

int main(void)
{
#include "block.inc"
    return worked == 1 ? 0 : 1;
}
