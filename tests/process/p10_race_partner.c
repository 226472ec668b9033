/* SPDX-License-Identifier: Apache-2.0 */
/*
 * p10_race_partner SOCKET PATH FIRST LENGTH: answers the questions of p10_race.h about the file at
 * PATH. What it holds is [FIRST, FIRST + LENGTH), LENGTH 0 meaning all there is. Ends when the
 * socket is closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "p10_race.h"
#include "patience.h"

typedef struct partner {
    int socket;
    int file;
    off_t first;
    off_t length;
} partner;

static int lock_bytes(const partner *self, short type, off_t first, off_t length)
{
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = length};

    return fcntl(self->file, F_SETLK, &range);
}

static race_answer unlock_all(const partner *self)
{
    return lock_bytes(self, F_UNLCK, 0, 0) == 0 ? RACE_AS_IT_MUST_BE : RACE_FAILED;
}

/* All bytes at once: a gate that was left locked is as wrong as the lock. */
static race_answer lock_all(const partner *self)
{
    if (lock_bytes(self, F_WRLCK, 0, 0) == 0)
        return RACE_AS_IT_MUST_BE;
    return errno == EAGAIN || errno == EACCES ? RACE_WRONG : RACE_FAILED;
}

static race_answer take(const partner *self)
{
    race_answer answer = lock_all(self);

    if (answer != RACE_AS_IT_MUST_BE)
        return answer;
    /* Keeps its part of it. */
    if (self->first > 0 && lock_bytes(self, F_UNLCK, 0, self->first) != 0)
        return RACE_FAILED;
    if (self->length > 0 && lock_bytes(self, F_UNLCK, self->first + self->length, 0) != 0)
        return RACE_FAILED;
    return RACE_AS_IT_MUST_BE;
}

static race_answer look_whether_held(const partner *self)
{
    if (lock_bytes(self, F_WRLCK, 0, 1) != 0)
        return errno == EAGAIN || errno == EACCES ? RACE_AS_IT_MUST_BE : RACE_FAILED;
    unlock_all(self);
    return RACE_WRONG;
}

static race_answer look_whether_free(const partner *self)
{
    race_answer answer = lock_all(self);

    return answer == RACE_AS_IT_MUST_BE ? unlock_all(self) : answer;
}

static race_answer answer_to(const partner *self, race_question question)
{
    switch ((race_verb)question.verb) {
    case RACE_TAKE:
        return take(self);
    case RACE_RELEASE:
        race_wait_until(test_now() + question.delay_ns);
        return unlock_all(self);
    case RACE_IS_HELD:
        return look_whether_held(self);
    case RACE_IS_FREE:
        return look_whether_free(self);
    }
    return RACE_FAILED;
}

static bool serve(const partner *self)
{
    race_question question;
    race_answer answer;

    if (recv(self->socket, &question, sizeof(question), 0) != (ssize_t)sizeof(question))
        return false;
    answer = answer_to(self, question);
    return question.verb == RACE_RELEASE ||
           send(self->socket, &answer, sizeof(answer), MSG_NOSIGNAL) == (ssize_t)sizeof(answer);
}

int main(int argc, char **argv)
{
    partner self;

    if (argc != 5)
        return 2;
    self.socket = atoi(argv[1]);
    self.file = open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    self.first = atol(argv[3]);
    self.length = atol(argv[4]);
    if (self.file < 0)
        return 1;
    while (serve(&self))
        ;
    return 0;
}
