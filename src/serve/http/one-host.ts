import type { IncomingMessage } from 'node:http';
import { refuse } from './http-problem.ts';

/** Throws 400 for a request with several `Host` headers (RFC 9112, 3.2): what stands before this server may have read another one. */
export function demandOneHost({ rawHeaders }: IncomingMessage): void {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === 'host') hosts++;
  if (hosts > 1) throw refuse(400, 'a request names one host');
}
