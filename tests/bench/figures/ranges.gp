# SPDX-License-Identifier: Apache-2.0
# A line for each row of the file `ranges`, `rows` of them: a dot at the p50, a stroke at the p99,
# an end at the longest; the name of the lock before it and the longest in words behind it. The
# axis begins at `left`.
set yrange [-0.6:rows - 0.4]
unset ytics
set border 1
set xrange [left:right]
plot ranges using 2:1:($4 - $2):(0):5 with vectors nohead lw thin lc rgb variable, \
     ranges using 2:1:($6 == 1 ? $4 - $2 : NaN):(0):5 with vectors \
         nohead lw thick lc rgb variable, \
     ranges using 3:($1 - 0.28):(0):(0.56):5 with vectors nohead lw 2 lc rgb variable, \
     ranges using 2:1:5 with points pt 7 ps 0.8 lc rgb variable, \
     ranges using 4:1:8:9 with labels left offset 0.7,0 tc rgb variable, \
     ranges using (1.0001 * left):($6 == 1 ? NaN : $1):7:9 with labels right offset -1,0 \
         tc rgb variable, \
     ranges using (1.0001 * left):($6 == 1 ? $1 : NaN):7:9 with labels right offset -1,0 \
         font BOLD tc rgb variable
