/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners/version.h>

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

int fasteners_version(void)
{
    return FASTENERS_VERSION;
}

const char *fasteners_version_string(void)
{
    return TEXT(FASTENERS_VERSION_MAJOR) "." TEXT(FASTENERS_VERSION_MINOR) "." TEXT(
        FASTENERS_VERSION_PATCH);
}
