/* SPDX-License-Identifier: Apache-2.0 */
#include "lock_set_parts.h"

/* In which order the members of a lock set are acquired, and which of them at all. */

/*
 * What decides, first things first. Those of one object lie side by side, the one that stands for
 * the others first: one that writes, if there is one.
 */
enum { IS_THREAD_LOCK, DEVICE, INODE, ADDRESS, ONLY_READS, INDEX, CRITERIA };

typedef struct rank {
    uint64_t by[CRITERIA];
} rank;

static rank rank_of(const fst_set *set, size_t index)
{
    const fst_member *member = &set->members[index];

    return (rank){.by = {[IS_THREAD_LOCK] = !fst_member_is_ipc(member),
                         [DEVICE] = member->device_,
                         [INODE] = member->inode_,
                         [ADDRESS] = (uintptr_t)member->lock,
                         [ONLY_READS] = !fst_member_is_exclusive(member),
                         [INDEX] = index}};
}

/* Of the members at two places of the order. */
static bool comes_before(const fst_set *set, size_t place, size_t other)
{
    rank of_one = rank_of(set, set->members[place].order_);
    rank of_other = rank_of(set, set->members[other].order_);
    int i = 0;

    while (i < INDEX && of_one.by[i] == of_other.by[i])
        i++;
    return of_one.by[i] < of_other.by[i];
}

static void swap(fst_set *set, size_t place, size_t other)
{
    size_t moved = set->members[place].order_;

    set->members[place].order_ = set->members[other].order_;
    set->members[other].order_ = moved;
}

/* Shell's sort: no memory, and good enough for sets of thousands. */
static void sort(fst_set *set, size_t first, size_t end)
{
    for (size_t gap = (end - first) / 2; gap > 0; gap /= 2)
        for (size_t i = first + gap; i < end; i++)
            for (size_t j = i; j >= first + gap && comes_before(set, j, j - gap); j -= gap)
                swap(set, j, j - gap);
}

static bool is_same_file(const fst_member *a, const fst_member *b)
{
    return fst_member_is_ipc(a) && fst_member_is_ipc(b) && a->device_ == b->device_ &&
           a->inode_ == b->inode_;
}

/* Two that lock one file through different handles, and do not both read. */
static bool is_conflict(const fst_member *a, const fst_member *b)
{
    return is_same_file(a, b) && (fst_member_is_exclusive(a) || fst_member_is_exclusive(b));
}

/*
 * But for the one that was got last, those that are held are known to be in order. It may lie on
 * the file that the next one was known by.
 */
bool fst_set_is_in_order(const fst_set *set)
{
    size_t held = set->held;

    return (held < 2 || comes_before(set, held - 2, held - 1)) &&
           (held == 0 || held == set->distinct ||
            (comes_before(set, held - 1, held) &&
             !(set->sorts_files && is_conflict(fst_set_at(set, held - 1), fst_set_at(set, held)))));
}

/* -------------------------------------------------------------------------- duplicates -- */

static bool is_same_object(const fst_member *a, const fst_member *b)
{
    return a->lock == b->lock && fst_member_is_ipc(a) == fst_member_is_ipc(b);
}

/*
 * Those that are repeated go to the end of the order. While no file is known, address alone brings
 * the members of one object together: what becomes of the files is not to tear them apart.
 */
void fst_set_gather(fst_set *set)
{
    size_t files = 0;

    for (size_t i = 0; i < set->count; i++)
        set->members[i].order_ = i;
    sort(set, 0, set->count);
    set->distinct = 0;
    for (size_t i = 0; i < set->count; i++) {
        fst_member *member = fst_set_at(set, i);
        if (set->distinct > 0 && is_same_object(member, fst_set_at(set, set->distinct - 1))) {
            member->state_ = FST_MEMBER_REPEATED;
            member->stands_for_ = set->members[set->distinct - 1].order_;
        } else {
            files += fst_member_is_ipc(member);
            swap(set, i, set->distinct++);
        }
    }
    set->sorts_files = files > 1;
}

/* ------------------------------------------------------------------------------- files -- */

static fasteners_status identify(fst_set *set)
{
    for (size_t place = 0; set->sorts_files && place < set->distinct; place++) {
        fst_member *member = fst_set_at(set, place);
        if (!fst_member_is_ipc(member) || (member->state_ & FST_MEMBER_UNSEEN) == 0)
            continue;
        set->failed = set->members[place].order_;
        fasteners_status status = fst_member_identify(member);
        if (status != FASTENERS_OK)
            return status;
        member->state_ &= ~(uint32_t)FST_MEMBER_UNSEEN;
    }
    return FASTENERS_OK;
}

/* The later one in the array of the first two that lock one file and exclude each other. */
static void find_conflict(fst_set *set, size_t place)
{
    const fst_member *first = fst_set_at(set, place);

    for (size_t other = place + 1; other < set->distinct; other++) {
        const fst_member *second = fst_set_at(set, other);
        if (!is_same_file(first, second))
            return;
        if (!is_conflict(first, second))
            continue;
        size_t a = set->members[place].order_, b = set->members[other].order_;
        size_t later = a > b ? a : b;
        if (later < set->failed)
            set->failed = later;
    }
}

/* No time-out would help: the set itself is in its way. */
static fasteners_status refuse_conflicts(fst_set *set)
{
    set->failed = set->count;
    for (size_t place = 0; set->sorts_files && place < set->distinct; place++)
        find_conflict(set, place);
    return set->failed < set->count ? FASTENERS_WOULD_DEADLOCK : FASTENERS_OK;
}

fasteners_status fst_set_arrange(fst_set *set)
{
    fasteners_status status = identify(set);

    if (status != FASTENERS_OK)
        return status;
    sort(set, 0, set->held);
    sort(set, set->held, set->distinct);
    return refuse_conflicts(set);
}

void fst_set_forget_files(const fst_set *set)
{
    for (size_t place = 0; place < set->distinct; place++)
        fst_set_at(set, place)->state_ |= FST_MEMBER_UNSEEN;
}
