/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_PRINTABLE_H
#define FST_PRINTABLE_H

/*
 * Text that others have chosen (a path, a program's name, a machine's name in a file) may hold
 * anything. What we pass on is one line, and does nothing to a terminal.
 */
static inline void fst_make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

#endif
