/* SPDX-License-Identifier: Apache-2.0 */
#include "emulator.h"

#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 64

static const char *emulator(void)
{
    const char *words = getenv("FASTENERS_TEST_EMULATOR");

    return words != NULL ? words : "";
}

bool test_is_emulated(void)
{
    return emulator()[0] != '\0';
}

static size_t add_word(char **command, size_t count, const char *word)
{
    if (count < MAX_WORDS)
        command[count++] = strdup(word);
    return count;
}

static size_t add_words(char **command, size_t count, const char *text)
{
    char *words = strdup(text);
    char *rest = words;
    char *word;

    while ((word = strtok_r(rest, " ", &rest)) != NULL)
        count = add_word(command, count, word);
    free(words);
    return count;
}

static bool is_of_the_tests(const char *word)
{
    return strncmp(word, TEST_BIN_DIR "/", sizeof(TEST_BIN_DIR)) == 0;
}

char **test_command(const char *prefix, const char *const *argv)
{
    char **command = calloc(MAX_WORDS + 1, sizeof(*command));
    size_t count = add_words(command, 0, prefix != NULL ? prefix : "");

    for (; *argv != NULL; argv++) {
        if (is_of_the_tests(*argv))
            count = add_words(command, count, emulator());
        count = add_word(command, count, *argv);
    }
    return command;
}

void test_command_free(char **command)
{
    for (char **word = command; *word != NULL; word++)
        free(*word);
    free(command);
}
