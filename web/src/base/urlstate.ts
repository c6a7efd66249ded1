/** Page state in the query string: a codec per parameter, defaults left out, order fixed, so that links stay short and equal. */

export interface Codec<T> {
  fallback: T;
  decode(values: string[]): T;
  encode(value: T): string[];
}
export type Schema<S> = { [K in keyof S]: Codec<S[K]> };

export function text(fallback = ""): Codec<string> {
  return { fallback, decode: (v) => v[0] ?? fallback, encode: (v) => [v] };
}

export function flag(fallback = false): Codec<boolean> {
  return { fallback, decode: (v) => (v[0] === undefined ? fallback : v[0] !== "0"), encode: (v) => [v ? "1" : "0"] };
}

export function choice<T extends string>(allowed: readonly T[], fallback: T): Codec<T> {
  return {
    fallback,
    decode: (v) => (allowed.includes(v[0] as T) ? (v[0] as T) : fallback),
    encode: (v) => [v],
  };
}

/** One parameter holding a comma-separated list of simple words. */
export function words<T extends string>(allowed: readonly T[] | null, fallback: T[] = []): Codec<T[]> {
  return {
    fallback,
    decode: (v) => {
      if (v[0] === undefined) return fallback;
      const list = v[0].split(",").filter(Boolean) as T[];
      return allowed ? list.filter((x) => allowed.includes(x)) : list;
    },
    encode: (v) => [v.join(",")],
  };
}

/** The parameter repeated, one free text each. */
export function texts(): Codec<string[]> {
  return { fallback: [], decode: (v) => v, encode: (v) => v };
}

export function decodeState<S extends object>(schema: Schema<S>, params: URLSearchParams): S {
  const out = {} as S;
  for (const key of Object.keys(schema) as (keyof S & string)[]) {
    const values = params.getAll(key);
    out[key] = values.length ? schema[key].decode(values) : schema[key].fallback;
  }
  return out;
}

/** Writes into `params`, touching only the schema's own names. */
export function encodeState<S extends object>(schema: Schema<S>, state: S, params: URLSearchParams): URLSearchParams {
  const out = new URLSearchParams(params);
  for (const key of Object.keys(schema) as (keyof S & string)[]) {
    out.delete(key);
    const values = schema[key].encode(state[key]);
    const standard = schema[key].encode(schema[key].fallback);
    if (values.length === standard.length && values.every((v, i) => v === standard[i])) continue;
    for (const value of values) out.append(key, value);
  }
  return out;
}

/** Like URLSearchParams.toString, but leaves the characters alone that a query string may hold and PromQL uses. */
export function toQuery(params: URLSearchParams): string {
  const keep: Record<string, string> = {
    "%28": "(", "%29": ")", "%7B": "{", "%7D": "}", "%5B": "[", "%5D": "]", "%2C": ",", "%3A": ":", "%2F": "/", "%21": "!", "%7E": "~",
  };
  const text = params.toString().replace(/%(28|29|7B|7D|5B|5D|2C|3A|2F|21|7E)/g, (code) => keep[code]!);
  return text ? `?${text}` : "";
}
