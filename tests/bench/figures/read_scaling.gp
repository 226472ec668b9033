# SPDX-License-Identifier: Apache-2.0
# Readers alone, by the number of threads.
set label 1 "Readers alone, without a writer" at screen 0.02,0.95 font HEADING
set label 2 sprintf("reads of all threads per microsecond, empty sections, %d processors; \
higher is better", processors) at screen 0.02,0.885 tc rgb below
set xlabel "threads"
set logscale x 2
set xrange [1:beside]
set xtics 2
load here."/lines.gp"
