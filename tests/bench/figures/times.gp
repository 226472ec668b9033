# SPDX-License-Identifier: Apache-2.0
# A logarithmic axis of times in microseconds.
set logscale x
set xtics ("1 ns" 1e-3, "10 ns" 1e-2, "100 ns" 0.1, "1 µs" 1, "10 µs" 10, "100 µs" 100, \
    "1 ms" 1e3, "10 ms" 1e4, "100 ms" 1e5, "1 s" 1e6, "10 s" 1e7)
