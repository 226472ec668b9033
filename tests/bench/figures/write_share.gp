# SPDX-License-Identifier: Apache-2.0
# Two threads, by how many of their acquires are writes.
set label 1 "Two threads that read and write" at screen 0.02,0.95 font HEADING
set label 2 "pairs of both per microsecond, empty sections; higher is better" \
    at screen 0.02,0.885 tc rgb below
set xlabel "writes among the acquires"
set xrange [0:beside]
load here."/lines.gp"
