/* The configuration as it is shown: printed anew from its tree, so that a secret is masked whatever form it is written in
 * (block, inline, behind an anchor), and comments, which may hold old ones, are left out.
 *
 * Invariants:
 * 1. The value below a secret key is one word, whatever its shape.
 * 2. The output is YAML that reads as the same tree, but for the secrets. */
#include "app/app_config.h"
#include "codec/json.h"

#define MASK "<secret>"

/* Below these keys everything is secret: also webhook URLs, which often carry a token. */
static bool is_secret_key(Str key)
{
        static const char *const words[] = { "password",      "credentials", "bearer_token", "client_secret",
                                             "secret_key",    "secret",      "secrets",      "api_key",
                                             "token",         "service_key", "routing_key",  "auth_secret",
                                             "api_secret",    "user_key",    "bot_token",    "webhook_url",
                                             "slack_api_url", "token_id",    "key" };
        if (str_ends(key, STR("_file")))
                return false;
        for (size_t i = 0; i < ARRAY_LEN(words); i++) {
                Str word = str_of(words[i]);
                bool suffix = key.n > word.n && str_ends(key, word) && key.p[key.n - word.n - 1] == '_';
                if (str_eq(key, word) || (suffix && word.n > 3))
                        return true;
        }
        return false;
}

/* Receivers' addresses are secrets, other URLs are not, but for a password in them. */
static bool is_secret_url(Str key, bool receiver)
{
        return receiver && (str_eq(key, STR("url")) || str_eq(key, STR("api_url")));
}

/* http://user:password@host: the password goes. */
static Str mask_userinfo(Str url, Arena *arena)
{
        size_t scheme = str_find(url, STR("://"));
        if (scheme == SIZE_MAX)
                return url;
        size_t from = scheme + 3;
        size_t end = from;
        while (end < url.n && !strchr("/?# \n", url.p[end]))
                end++;
        size_t at = str_rfind_char(str_sub(url, from, end), '@');
        if (at == SIZE_MAX)
                return url;
        size_t colon = str_find_char(str_sub(url, from, from + at), ':');
        if (colon == SIZE_MAX)
                return url;
        return str_printf(arena, STR_FMT ":" MASK STR_FMT, STR_ARG(str_sub(url, 0, from + colon)),
                          STR_ARG(str_sub(url, from + at, url.n)));
}

static void indent(Buf *out, unsigned depth)
{
        for (unsigned i = 0; i < depth; i++)
                buf_lit(out, "  ");
}

static bool is_plain(Str s)
{
        for (size_t i = 0; i < s.n; i++)
                if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
                      (s.p[i] >= '0' && s.p[i] <= '9') || strchr("_./+", s.p[i]) || (s.p[i] == '-' && i > 0)))
                        return false;
        return s.n > 0;
}

static void put_scalar(Buf *out, const YamlNode *node)
{
        Str text = mask_userinfo(node->text, out->arena);
        if (is_plain(text) && !node->quoted)
                buf_str_add(out, text);
        else
                json_quote(out, text);
}

static void put_node(Buf *out, const YamlNode *node, unsigned depth, bool receiver);

static void put_pair(Buf *out, const YamlPair *pair, unsigned depth, bool receiver)
{
        if (is_plain(pair->key))
                buf_str_add(out, pair->key);
        else
                json_quote(out, pair->key);
        buf_char(out, ':');
        const YamlNode *v = pair->value;
        bool empty = v->kind == YAML_NULL || (v->kind == YAML_SCALAR && !v->text.n);
        if (!empty && (is_secret_key(pair->key) || is_secret_url(pair->key, receiver)))
                buf_lit(out, " " MASK "\n");
        else
                put_node(out, v, depth + 1, receiver || str_eq(pair->key, STR("receivers")));
}

static void put_node(Buf *out, const YamlNode *node, unsigned depth, bool receiver)
{
        switch (node->kind) {
        case YAML_NULL: buf_char(out, '\n'); return;
        case YAML_SCALAR:
                buf_char(out, ' ');
                put_scalar(out, node);
                buf_char(out, '\n');
                return;
        case YAML_SEQ:
                buf_cstr_add(out, node->n ? "\n" : " []\n");
                for (size_t i = 0; i < node->n; i++) {
                        indent(out, depth);
                        buf_char(out, '-');
                        put_node(out, node->items[i], depth + 1, receiver);
                }
                return;
        case YAML_MAP:
                buf_cstr_add(out, node->n ? "\n" : " {}\n");
                for (size_t i = 0; i < node->n; i++) {
                        indent(out, depth);
                        put_pair(out, &node->pairs[i], depth, receiver);
                }
                return;
        }
}

Str app_config_masked(const AppConfig *config, Arena *arena)
{
        YamlNode **docs;
        YamlError *errors;
        size_t n;
        size_t n_errors;
        Buf out = { .arena = arena };
        if (!yaml_parse(config->text, arena, &docs, &n, &errors, &n_errors) || !n || docs[0]->kind != YAML_MAP)
                return STR("{}\n");
        for (size_t i = 0; i < docs[0]->n; i++)
                put_pair(&out, &docs[0]->pairs[i], 0, false);
        return out.n ? buf_str(&out) : STR("{}\n");
}
