// The way to the tips site, which is a host or port of its own: the broadcast, the moment and the page's language go along,
// nothing else.

/** at: the moment by program clock, UTC ms; null: the tip is about none. language: a tag of BCP 47. */
export function tipUrl(site: string, broadcast: string, at: number | null, language: string): string {
  const url = new URL(site, typeof location === 'undefined' ? undefined : location.href);
  const query = url.searchParams;
  query.set('b', broadcast);
  if (at !== null) query.set('at', String(Math.round(at)));
  query.set('lang', language);
  return url.href;
}
