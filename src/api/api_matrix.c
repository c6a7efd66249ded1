/* Invariants:
 * 1. The text is the same for every number of threads: pieces of consecutive series, put together in their order.
 * 2. However long the answer is, some megabytes of it are in memory: those of the series that are written together.
 *
 * Why pieces: of an answer with many points, finding the shortest digits takes as long as computing them. */
#include "api/api_matrix.h"

enum {
        PIECE_POINTS = 2048, /* at least, of one thread at a time: less is not worth waking it */
        MAX_PIECES = 16,     /* that are written together */
        POINT_BYTES = 36,    /* of text, mostly */
};

typedef struct Piece {
        const PromqlSeries *series;
        size_t n, points;
        Buf text;
} Piece;

/* "values" or "histograms": those points of the series, when there are any. */
static void put_points(JsonWriter *w, const PromqlSeries *s, bool histograms)
{
        bool any = false;
        for (size_t k = 0; k < s->n; k++) {
                const Histogram *h = s->h ? s->h[k] : NULL;
                if (!h == histograms)
                        continue;
                if (!any) {
                        json_key(w, histograms ? STR("histograms") : STR("values"));
                        json_raw(w, (Str){ 0 });
                }
                buf_char(w->out, any ? ',' : '[');
                any = true;
                if (h)
                        api_put_histogram(w->out, s->t[k], h);
                else
                        api_put_point(w->out, s->t[k], s->v[k]);
        }
        if (any)
                buf_char(w->out, ']');
}

/* As an array, for its commas. */
static void write_piece(void *arg, size_t i)
{
        Piece *piece = (Piece *)arg + i;
        Buf text = piece->text; /* the pieces of other threads are next to it: their cache lines stay theirs */
        JsonWriter w;
        buf_clear(&text);
        buf_reserve(&text, piece->points * POINT_BYTES);
        json_writer_init(&w, &text);
        json_begin_array(&w);
        for (size_t k = 0; k < piece->n; k++) {
                const PromqlSeries *s = &piece->series[k];
                json_begin_object(&w);
                json_key(&w, STR("metric"));
                api_put_labels(&w, s->labels);
                put_points(&w, s, false);
                if (s->h)
                        put_points(&w, s, true);
                json_end_object(&w);
        }
        piece->text = text;
}

/* How many pieces the next of the n series are; how many series those are is added to *io_done. */
static size_t cut(const PromqlSeries *series, size_t n, Piece *pieces, size_t *io_done)
{
        size_t at = *io_done, n_pieces = 0;
        for (size_t points = 0; at < n && n_pieces < MAX_PIECES && points < (size_t)MAX_PIECES * PIECE_POINTS;) {
                Piece *piece = &pieces[n_pieces++];
                piece->series = series + at;
                for (piece->n = piece->points = 0; at < n && piece->points < PIECE_POINTS; at++, piece->n++)
                        piece->points += series[at].n + 1;
                points += piece->points;
        }
        *io_done = at;
        return n_pieces;
}

bool api_matrix_put(JsonWriter *w, const PromqlSeries *series, size_t n, Pool *pool, HttpResponse *resp)
{
        Piece pieces[MAX_PIECES] = { 0 };
        bool ok = true;
        json_begin_array(w);
        for (size_t done = 0; done < n && ok;) {
                size_t n_pieces = cut(series, n, pieces, &done), bytes = 0;
                pool_for_each(pool, n_pieces, write_piece, pieces);
                for (size_t i = 0; i < n_pieces; i++)
                        bytes += pieces[i].text.n;
                buf_reserve(w->out, bytes);
                for (size_t i = 0; i < n_pieces; i++)
                        json_raw(w, str_sub(buf_str(&pieces[i].text), 1, SIZE_MAX));
                ok = w->out->n <= API_FLUSH_BYTES || http_response_flush(resp);
        }
        for (size_t i = 0; i < MAX_PIECES; i++)
                buf_done(&pieces[i].text);
        if (ok)
                json_end_array(w);
        return ok;
}
