# SPDX-License-Identifier: Apache-2.0
# The curves of lines.dat: grey ones first, ours thick and on top; their names at the right.
set logscale y
set yrange [low:high]
set ytics add ("1" 1, "2" 2, "5" 5, "10" 10, "20" 20, "50" 50, "100" 100, "200" 200, "500" 500, \
    "1000" 1000, "2000" 2000, "5000" 5000, "10000" 10000)
set rmargin at screen 0.79
rest = greys + rivals

plot for [i = 0:greys - 1] "lines.dat" index i using 1:2 \
         with linespoints lw 1.3 pt 7 ps 0.3 lc rgb word(colours, i + 1), \
     for [i = greys:rest - 1] "lines.dat" index i using 1:2 \
         with linespoints lw 2 pt 7 ps 0.4 lc rgb word(colours, i + 1), \
     for [i = rest:rest + ours - 1] "lines.dat" index i using 1:2 \
         with linespoints lw 3.5 pt 7 ps 0.6 lc rgb word(colours, i + 1), \
     "leaders.dat" using 1:2:3 with lines lw 0.7 lc rgb variable, \
     "labels.dat" using 1:($4 == 1 ? NaN : $2):5:3 \
         with labels left offset 0.3,0 tc rgb variable, \
     "labels.dat" using 1:($4 == 1 ? $2 : NaN):5:3 \
         with labels left offset 0.3,0 font BOLD tc rgb variable
