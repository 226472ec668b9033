/* SPDX-License-Identifier: Apache-2.0 */
#include "rw_pattern.h"

static uint64_t next_random(void)
{
    static uint64_t state = UINT64_C(88172645463325252);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* The set bits are drawn until there are exactly as many as asked for: with a share of 0.1 %,
 * chance would make one pattern dearer than another. */
const uint64_t *rw_pattern(int per_mille)
{
    static uint64_t words[RW_PATTERN_WORDS];
    static int made;
    if (made == per_mille)
        return words;
    const uint64_t bits = RW_PATTERN_WORDS * UINT64_C(64);
    const int inverse = per_mille > 500;
    uint64_t left = bits * (uint64_t)(inverse ? 1000 - per_mille : per_mille) / 1000;
    for (int i = 0; i < RW_PATTERN_WORDS; i++)
        words[i] = 0;
    while (left > 0) {
        uint64_t bit = next_random() % bits;
        uint64_t mask = UINT64_C(1) << (bit % 64);
        left -= !(words[bit / 64] & mask);
        words[bit / 64] |= mask;
    }
    for (int i = 0; inverse && i < RW_PATTERN_WORDS; i++)
        words[i] = ~words[i];
    made = per_mille;
    return words;
}
