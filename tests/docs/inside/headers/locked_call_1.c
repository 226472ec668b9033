/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

#include <string.h>

static char journal[20];

static int append_to_the_journal(const char *line)
{
    strcat(journal, line);
    return 0;
}

void say_that_it_started(void);

#include "block.inc"

int main(void)
{
    say_that_it_started();
    return strcmp(journal, "started") == 0 ? 0 : 1;
}
