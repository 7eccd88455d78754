/** Hands in the token of the address, once. */

/**
 * `#token=…` is in the fragment, which is sent to nobody. It is exchanged for a cookie and taken out of the address and of the history, so that no copied link has it.
 * Resolves to false when the server did not take it.
 */
export async function openSession(): Promise<boolean> {
  const token = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (token === undefined) return true;
  const response = await fetch('session', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  history.replaceState(null, '', `${location.pathname}#/`);
  return response.ok;
}
