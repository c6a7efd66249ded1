/* Why pages: a hash slot per series would cost 24 bytes and a cache miss for each; ids of series that live together are neighbours. */
#include "tsdb/sidmap.h"

#include "base/mem.h"

void sidmap_done(SidMap *m)
{
        for (SidPagesSlot *s = sid_pages_next(&m->pages, NULL); s; s = sid_pages_next(&m->pages, s))
                mem_free(s->val);
        sid_pages_done(&m->pages);
        *m = (SidMap){ 0 };
}

void sidmap_put(SidMap *m, uint64_t sid, uint32_t value)
{
        uint64_t page = sid / SIDMAP_PAGE;
        if (!m->last || m->last_page != page) {
                uint32_t **at = sid_pages_put(&m->pages, page, NULL);
                if (!*at)
                        *at = mem_new_array(uint32_t, SIDMAP_PAGE);
                m->last = *at;
                m->last_page = page;
        }
        m->last[sid % SIDMAP_PAGE] = value;
}

uint32_t sidmap_get(const SidMap *m, uint64_t sid)
{
        uint64_t page = sid / SIDMAP_PAGE;
        if (m->last && m->last_page == page)
                return m->last[sid % SIDMAP_PAGE];
        uint32_t *const *at = sid_pages_get(&m->pages, page);
        return at ? (*at)[sid % SIDMAP_PAGE] : 0;
}
