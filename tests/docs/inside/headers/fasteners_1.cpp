/* SPDX-License-Identifier: Apache-2.0 */
#include <fasteners.hpp>
#include <mutex>

static int rewritten = 0;

static void rewrite_the_index()
{
    rewritten++;
}

/* Its path is one that no test has. */
namespace fasteners
{
struct lock_here : ipc_lock {
    explicit lock_here(const char *) : ipc_lock("app.lock")
    {
    }
};
} // namespace fasteners

#define ipc_lock lock_here

int main()
{
#include "block.inc"
    return rewritten == 1 ? 0 : 1;
}
