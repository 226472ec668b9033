# SPDX-License-Identifier: Apache-2.0
# Toolchain file: the same with Clang, which uses MinGW's headers and libraries.

include(${CMAKE_CURRENT_LIST_DIR}/mingw-w64.cmake)

set(CMAKE_C_COMPILER clang)
set(CMAKE_C_COMPILER_TARGET x86_64-w64-mingw32)

# It does not look where the distribution has GCC's own library.
execute_process(COMMAND x86_64-w64-mingw32-gcc -print-libgcc-file-name
    OUTPUT_VARIABLE libgcc OUTPUT_STRIP_TRAILING_WHITESPACE)
cmake_path(GET libgcc PARENT_PATH libgcc_dir)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${libgcc_dir}")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-L${libgcc_dir}")
