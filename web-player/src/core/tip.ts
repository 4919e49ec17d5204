// The way to the tips site, which is a host or port of its own: nothing but the broadcast and the moment goes along.

/** at: the moment by program clock, UTC ms; null: the tip is about none. */
export function tipUrl(site: string, broadcast: string, at: number | null): string {
  const url = new URL(site, typeof location === 'undefined' ? undefined : location.href);
  url.searchParams.set('b', broadcast);
  if (at !== null) url.searchParams.set('at', String(Math.round(at)));
  return url.href;
}
