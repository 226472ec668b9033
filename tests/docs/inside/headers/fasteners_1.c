/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

static int program(void)
{
#include "block.inc"
    return 0;
}

int main(void)
{
    return program();
}
