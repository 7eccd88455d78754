/**
 * Who may read: a request must name this server as its host (another name that leads here is DNS rebinding), must not come from a page of another origin, and must carry the
 * token for everything below `data/` and `live/`.
 *
 * The token reaches the page in the fragment of the address, which browsers send to nobody. The page keeps it for itself and sends it as a header. No cookie holds it: cookies go to
 * the servers of all ports of a host, whoever runs them.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a request is refused, as status and sentence. */
export interface Refusal {
  status: 401 | 403 | 421;
  message: string;
}

/** A token that nobody guesses: 192 random bits, in characters that need no escape in an address. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

export interface RequestGuard {
  /** Null when the request comes from here, be it with a token or not. */
  refuseOrigin(request: IncomingMessage): Refusal | null;
  /** Null when the request has the token, as `Authorization: Bearer`. */
  refuseStranger(request: IncomingMessage): Refusal | null;
}

/** `names`: hosts that this server is known by, without port. */
export function requestGuard(options: { token: string; names: readonly string[]; port: number }): RequestGuard {
  const { token, names, port } = options;
  const hosts = new Set(names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])));
  return {
    refuseOrigin({ headers }) {
      const host = headers.host?.toLowerCase() ?? '';
      if (!hosts.has(host)) return { status: 421, message: `This server does not answer for the host ${host}.` };
      const site = headers['sec-fetch-site'];
      const foreign = headers.origin !== undefined && headers.origin !== `http://${host}`;
      // A link on another page may open this one; what pages load and send must come from here.
      const opened = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
      if (foreign || (site !== undefined && site !== 'same-origin' && site !== 'none' && !opened))
        return { status: 403, message: 'Requests of other sites are refused.' };
      return null;
    },
    refuseStranger({ headers }) {
      const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
      if (bearer !== undefined && same(bearer, token)) return null;
      return { status: 401, message: 'The token is missing or wrong: open the address that `assay view` printed.' };
    },
  };
}

/** Takes as long whatever the two have in common. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
