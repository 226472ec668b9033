/* SPDX-License-Identifier: Apache-2.0 */
#include "forced.h"

#include <string.h>

#include "hooked.h"
#include "rw_tuning.h"

static void force_mode(const char *words)
{
    static const char *const modes[] = {"automatic", "central", "fenced", "biased"};

    for (int i = 0; i < 4; i++)
        if (strstr(words, modes[i]) != NULL)
            fst_rw_tuning.mode = (fst_rw_mode)i;
}

static void take_spins_away(void)
{
    fst_rw_tuning.read_spins = 0;
    fst_rw_tuning.write_spins = 0;
    fst_rw_tuning.head_spins = 0;
    fst_rw_tuning.ask_spins = 0;
    fst_rw_tuning.drain_spins = 0;
}

void force(const char *words)
{
    force_mode(words);
    fst_rw_tuning.symmetric = strstr(words, "symmetric") != NULL;
    fst_rw_tuning.watched = strstr(words, "hot") != NULL;
    hooks_wanted = strstr(words, "hooked") != NULL;
    if (strstr(words, "spinless") != NULL)
        take_spins_away();
    if (strstr(words, "napless") != NULL)
        fst_rw_tuning.naps = 0;
    if (strstr(words, "hasty") != NULL)
        fst_rw_tuning.hand_over_ns = fst_rw_tuning.respect_ns = 0;
    if (strstr(words, "fickle") != NULL) {
        fst_rw_tuning.quiet_reads = 64;
        fst_rw_tuning.lone_writes = 2;
        fst_rw_tuning.lone_reads = 2;
    }
}

uint32_t preference_called(const char *word)
{
    if (strcmp(word, "readers") == 0)
        return FASTENERS_PREFER_READERS;
    return strcmp(word, "phase_fair") == 0 ? FASTENERS_PREFER_PHASE_FAIR : FASTENERS_PREFER_WRITERS;
}
