/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

int main(void)
{
#include "block.inc"
    return report.verdict != 0 ? 0 : 1;
}
