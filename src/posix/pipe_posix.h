/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FST_PIPE_POSIX_H
#define FST_PIPE_POSIX_H

/* pipe(2), not inherited by exec, not blocking. 0, or -1 and errno. */
int fst_posix_pipe(int ends[2]);

#endif
