#include "part/partgroup.h"

#include "base/bits.h"
#include "part/histblock.h"
#include "part/partformat.h"

/* Steps over the blocks' numbers. */
static bool take_shape(Cursor *c, Cursor *ret)
{
        uint64_t blocks, ignored;
        if (!take(c, &blocks) || blocks == 0 || blocks > left(c))
                return false;
        *ret = *c;
        for (uint64_t i = 0; i < 2 * blocks; i++)
                if (!take(c, &ignored))
                        return false;
        ret->end = c->p;
        return true;
}

/* The next series of the list; *bytes: of its blocks. */
static bool take_series(GroupWalk *walk, uint64_t *bytes)
{
        uint64_t head, step;
        if (walk->plain) {
                if (!take(&walk->heads, &step) || !take(&walk->heads, bytes))
                        return false;
                walk->sid += step;
                return true;
        }
        if (!take(&walk->heads, &head))
                return false;
        step = 1;
        if ((head & PARTFORMAT_OTHER_ID) && !take(&walk->heads, &step))
                return false;
        walk->sid += step;
        *bytes = head >> PARTFORMAT_SERIES_BITS;
        return !(head & PARTFORMAT_OTHER_SHAPE) || take_shape(&walk->heads, &walk->shape);
}

bool partgroup_begin(const Cursor *content, uint32_t mark, uint32_t count, GroupWalk *walk)
{
        *walk = (GroupWalk){ .heads = *content, .left = count, .plain = mark == PARTFORMAT_GROUP_OLD };
        uint64_t ignored;
        if (count > left(content) || !take(&walk->heads, &walk->sid) || !take(&walk->heads, &walk->times))
                return false;
        walk->sid -= !walk->plain; /* the first one's id is one more than this */
        GroupWalk all = *walk;
        for (uint32_t i = 0; i < count; i++)
                if (!take_series(&all, &ignored))
                        return false;
        walk->data = all.heads;
        return true;
}

bool partgroup_next(GroupWalk *walk, SeriesData *ret)
{
        uint64_t bytes;
        if (walk->left == 0 || !take_series(walk, &bytes) || bytes > left(&walk->data) ||
            (!walk->plain && !walk->shape.p))
                return false;
        walk->left--;
        *ret = (SeriesData){ walk->times, { walk->data.p, walk->data.p + bytes }, walk->shape };
        walk->data.p += bytes;
        return true;
}

/* All vectors but the last of a series have their length before them. */
static bool take_vector(SeriesData *s, bool last, Cursor *ret)
{
        if (!last)
                return take_bytes(&s->blocks, ret);
        *ret = s->blocks;
        s->blocks.p = s->blocks.end;
        return true;
}

bool partgroup_block(SeriesData *s, Block *b)
{
        uint64_t head, distance;
        bool plain = !s->shape.p;
        Cursor *numbers = plain ? &s->blocks : &s->shape;
        if (!take(numbers, &head) || !take(numbers, &distance))
                return false;
        bool starts = head >> PARTFORMAT_KIND_BITS & 1, last = !plain && left(&s->shape) == 0;
        b->n = (size_t)(head >> (PARTFORMAT_KIND_BITS + 1));
        b->kind = head & ((1u << PARTFORMAT_KIND_BITS) - 1);
        b->times = s->times + (uint64_t)bits_unzigzag(distance);
        b->starts = (Cursor){ NULL, NULL };
        size_t most = b->kind == PART_BLOCK_HISTOGRAMS ? HISTBLOCK_MAX : PART_BLOCK_SAMPLES;
        return take_vector(s, last && !starts, &b->code) && b->kind <= PART_BLOCK_HISTOGRAMS && b->n >= 1 &&
               b->n <= most && (!starts || take_vector(s, last, &b->starts));
}
