#include "base/heap.h"

void heap_init(Heap *h, bool (*before)(const void *a, const void *b)) { *h = (Heap){ .before = before }; }

void heap_done(Heap *h) { vec_done(&h->items); }

static void sift_up(Heap *h, size_t i)
{
        void **a = h->items.data;
        while (i && h->before(a[i], a[(i - 1) / 2])) {
                void *t = a[i];
                a[i] = a[(i - 1) / 2];
                i = (i - 1) / 2;
                a[i] = t;
        }
}

static void sift_down(Heap *h, size_t i)
{
        void **a = h->items.data;
        for (;;) {
                size_t least = i;
                for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < h->items.len; c++)
                        if (h->before(a[c], a[least]))
                                least = c;
                if (least == i)
                        return;
                void *t = a[i];
                a[i] = a[least];
                a[least] = t;
                i = least;
        }
}

void heap_push(Heap *h, void *item)
{
        vec_push(&h->items, item);
        sift_up(h, h->items.len - 1);
}

void *heap_peek(const Heap *h) { return h->items.len ? h->items.data[0] : NULL; }

void *heap_pop(Heap *h)
{
        if (!h->items.len)
                return NULL;
        void *top = h->items.data[0];
        h->items.data[0] = vec_pop(&h->items);
        if (h->items.len)
                sift_down(h, 0);
        return top;
}

void heap_fix_top(Heap *h)
{
        if (h->items.len)
                sift_down(h, 0);
}
