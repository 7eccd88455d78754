/**
 * The token of the server. It comes in the fragment of the address, which is sent to nobody, and is kept where only pages of this very address and port can read it: cookies would go
 * to every other server on this machine.
 */
const KEY = 'assay-token';

/** False in a static export: nothing changes any more. Known without asking, so that the first document need not wait. */
export const IS_LIVE = document.querySelector('meta[name="assay-pages"]')?.getAttribute('content') === 'live';

/** Takes the token out of the address and of the history, so that no copied link has it. */
export function takeToken(): void {
  const token = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (token === undefined) return;
  localStorage.setItem(KEY, token);
  history.replaceState(null, '', `${location.pathname}#/`);
}

/** Of every request; nothing for a static export. */
export function authorization(): Record<string, string> {
  const token = localStorage.getItem(KEY);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}
