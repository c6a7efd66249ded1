/** Splits `expression > 80` into what is measured and the limit, so that the graph can show both. */

export interface Threshold {
  measured: string;
  limit: number;
}

/** Returns null when the expression is not one comparison of something with a number. */
export function splitThreshold(expr: string): Threshold | null {
  const found = /^([\s\S]+?)\s*(?:>=|<=|==|!=|>|<)\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*$/.exec(expr.trim());
  if (!found) return null;
  const measured = found[1]!;
  let depth = 0;
  let quoted = "";
  let top = "";
  for (let i = 0; i < measured.length; i++) {
    const char = measured[i]!;
    if (quoted) {
      if (char === "\\") i++;
      else if (char === quoted) quoted = "";
      continue;
    }
    if (char === '"' || char === "'" || char === "`") quoted = char;
    else if ("([{".includes(char)) depth++;
    else if (")]}".includes(char)) depth--;
    else if (depth === 0) top += char;
    if (depth < 0) return null;
  }
  if (depth !== 0 || quoted || /\b(and|or|unless)\b|[<>]|==|!=|#/i.test(top)) return null;
  return { measured, limit: Number(found[2]) };
}
