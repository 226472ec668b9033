# SPDX-License-Identifier: Apache-2.0
# Toolchain file: static programs with musl as their C library. They run here.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${CMAKE_HOST_SYSTEM_PROCESSOR})

set(CMAKE_C_COMPILER musl-gcc)

# The kernel's headers are in none of musl's folders: after those, the system's.
set(CMAKE_C_FLAGS_INIT "-idirafter /usr/include")
file(GLOB kernel_headers /usr/include/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu/asm)
foreach(folder IN LISTS kernel_headers)
    string(APPEND CMAKE_C_FLAGS_INIT " -idirafter ${folder}/..")
endforeach()

# The distribution's unwinder is made for glibc and asks that for a function. Nothing unwinds in C
# here: musl ends a thread without.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -Wl,--defsym=_dl_find_object=abort")
