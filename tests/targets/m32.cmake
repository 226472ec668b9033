# SPDX-License-Identifier: Apache-2.0
# Toolchain file: 32-bit programs on a 64-bit PC, where they run too.

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)

# gcc-12-multilib can be installed beside cross compilers, but has no link to the kernel's headers.
find_program(FASTENERS_GCC_12 NAMES gcc-12 gcc)
set(CMAKE_C_COMPILER ${FASTENERS_GCC_12})
set(CMAKE_C_FLAGS_INIT "-m32 -idirafter /usr/include/x86_64-linux-gnu")
