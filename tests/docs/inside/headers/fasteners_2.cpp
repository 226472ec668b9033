/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners.hpp>
#include <iostream>

static bool asked = false;

static void ask_for_permission()
{
    asked = true;
}

int main()
{
    std::cerr.rdbuf(nullptr); // where nothing is to be read
    try {
        throw fasteners::error(FASTENERS_NO_PERMISSION, "app.lock");
    }
#include "block.inc"
    return asked ? 0 : 1;
}
