# SPDX-License-Identifier: Apache-2.0
# From the release in one process to the return of the wait in another: a curve for each lock.
set label 1 "Hand-off from one process to another" at screen 0.02,0.95 font HEADING
set label 2 "how many of them took at most so long; a curve further left is better" \
    at screen 0.02,0.885 tc rgb below
set xlabel "from the release to the return of the waiter"
set logscale x
set xrange [low:high]
set yrange [0:top]
set ytics ("0 %%" 0, "25 %%" 25, "50 %%" 50, "75 %%" 75, "100 %%" 100)
load here."/times.gp"
rest = greys + rivals

plot for [i = 0:greys - 1] "curves.dat" index i using 1:2 \
         with lines lw 1.3 lc rgb word(colours, i + 1), \
     for [i = greys:rest - 1] "curves.dat" index i using 1:2 \
         with lines lw 2 lc rgb word(colours, i + 1), \
     for [i = rest:rest + ours - 1] "curves.dat" index i using 1:2 \
         with lines lw 3.5 lc rgb word(colours, i + 1), \
     "leaders.dat" using 1:2:3 with lines lw 0.7 lc rgb variable, \
     "labels.dat" using 1:($4 == 1 ? NaN : $2):5:3 \
         with labels left offset 0.3,0 tc rgb variable, \
     "labels.dat" using 1:($4 == 1 ? $2 : NaN):5:3 \
         with labels left offset 0.3,0 font BOLD tc rgb variable
