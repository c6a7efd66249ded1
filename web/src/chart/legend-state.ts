/** The next set of hidden keys after a click on `key`. */
export function afterClick(all: readonly string[], hidden: ReadonlySet<string>, key: string, toggle: boolean): Set<string> {
  if (toggle) {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    return next;
  }
  const alone = !hidden.has(key) && all.every((k) => k === key || hidden.has(k));
  return alone ? new Set() : new Set(all.filter((k) => k !== key));
}
