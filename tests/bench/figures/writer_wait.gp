# SPDX-License-Identifier: Apache-2.0
# What a writer waits among readers that never pause: between threads, and between processes.
set terminal svg noenhanced size 800,600 font "sans-serif,14" background "#ffffff"
set multiplot
set label 1 "The wait of a writer among eight readers that never pause" \
    at screen 0.02,0.965 font HEADING
set label 2 "dot: half of the waits are shorter; stroke: 99 of 100 are; end: the longest. \
Shorter is better" at screen 0.02,0.92 tc rgb below
set lmargin at screen 0.29
set rmargin at screen 0.98
load here."/times.gp"
thin = 1.5
thick = 4
left = low / 1.5
right = high * 8
# Rows of the same height in both, and between them room for two lines of text.
row = 0.63 / (threads + processes)
edge = 0.08 + processes * row

ranges = "threads.dat"
rows = threads
set bmargin at screen edge + 0.13
set tmargin at screen edge + 0.13 + threads * row
set label 3 "between threads" at graph 0,1 left offset 0,0.8 tc rgb below font BOLD
load here."/ranges.gp"

unset label 1
unset label 2
ranges = "processes.dat"
rows = processes
set tmargin at screen edge
set bmargin at screen 0.08
set label 3 "between processes"
load here."/ranges.gp"
unset multiplot
