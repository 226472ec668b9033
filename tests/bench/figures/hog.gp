# SPDX-License-Identifier: Apache-2.0
# A process that releases and acquires again at once, and the longest wait of another beside it.
set label 1 "Beside a hog: the longest wait of another process" at screen 0.02,0.95 font HEADING
set label 2 "the hog holds for 1 ms, releases and acquires again at once; shorter is better" \
    at screen 0.02,0.885 tc rgb below
set lmargin at screen 0.25
set bmargin at screen 0.1
load here."/times.gp"
left = 100
right = high * 3
thin = 9
thick = 9
ranges = "longest.dat"
rows = count
load here."/ranges.gp"
