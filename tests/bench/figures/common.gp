# SPDX-License-Identifier: Apache-2.0
# What all plots share. settings.gp is written by plots.py, and so are the data files.
set encoding utf8
set terminal svg noenhanced size 800,440 font "sans-serif,14" background "#ffffff"
set border 3 lc rgb "#666666"
set tics nomirror out textcolor rgb "#333333"
set grid lc rgb "#e4e4e4" lt 1
unset key
set lmargin at screen 0.09
set rmargin at screen 0.97
set tmargin at screen 0.83
set bmargin at screen 0.16
set xlabel offset 0,0.4

HEADING = "sans-serif:Bold,17"
BOLD = "sans-serif:Bold,14"
# What is drawn, and beneath the heading which way is better.
below = "#555555"

load "settings.gp"
