import type { IncomingHttpHeaders } from 'node:http';
import { API_KEY_HEADER } from '../../sandbox/remote/api.ts';

/** Of one connection only (RFC 9110, 7.6.1), or none of the sandbox's business. */
const NOT_PASSED = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'authorization',
  API_KEY_HEADER,
]);

/** The headers that go on to a server inside a sandbox, or back from it: neither those of the connection (also those that `Connection` names) nor the account key. */
export function passedHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_PASSED.has(name) && !named.has(name)));
}
