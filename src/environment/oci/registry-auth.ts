/** Answers a registry's `401`: Basic with the user's credentials, or a Bearer token from the place that the challenge names. */
import { z } from 'zod';
import { AssayError } from '../../contracts/index.ts';
import type { Credentials } from './docker-credentials.ts';

export interface Challenge {
  scheme: 'basic' | 'bearer';
  parameters: Record<string, string>;
}

/** Of a `WWW-Authenticate` header; the first scheme that is known. */
export function parseChallenge(header: string | null): Challenge | undefined {
  const match = /\b(basic|bearer)\b\s*(.*)$/is.exec(header ?? '');
  if (match === null) return undefined;
  const parameters: Record<string, string> = {};
  for (const [, name = '', quoted, bare] of (match[2] ?? '').matchAll(/([a-z_]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))/gi))
    parameters[name.toLowerCase()] = quoted ?? bare ?? '';
  return { scheme: match[1]?.toLowerCase() === 'basic' ? 'basic' : 'bearer', parameters };
}

const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** Value of the Authorization header for the challenge of a registry. Throws `image-pull-failed` when the registry gives no token. */
export async function answerChallenge(
  registry: string,
  challenge: Challenge,
  credentials: Credentials | undefined,
  scope: string,
  signal: AbortSignal,
): Promise<string> {
  const denied = (why: string, status: number) => refusedEntry(registry, why, status);
  if (challenge.scheme === 'basic') {
    if (credentials === undefined) throw denied('it asks for a user name and password', 401);
    return basic(credentials);
  }
  const { realm, service } = challenge.parameters;
  if (realm === undefined || !/^https?:\/\//.test(realm)) throw denied('its challenge names no token service', 401);
  const asked = { ...(service === undefined ? {} : { service }), scope: challenge.parameters.scope ?? scope };
  const response =
    credentials?.identityToken === undefined
      ? await askToken(realm, asked, credentials, signal)
      : await refreshToken(realm, asked, credentials.identityToken, signal);
  if (!response.ok) {
    await response.body?.cancel();
    const who = credentials === undefined ? '' : ' to the user name and password that are kept for it';
    throw denied(`its token service answers HTTP ${response.status}${who}`, response.status);
  }
  const parsed = tokenSchema.safeParse(await response.json());
  const token = parsed.data?.token ?? parsed.data?.access_token;
  if (token === undefined) throw denied('its token service gave no token', 502);
  return `Bearer ${token}`;
}

function askToken(
  realm: string,
  asked: Record<string, string>,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const url = new URL(realm);
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  return fetch(url, { signal, headers: credentials === undefined ? {} : { authorization: basic(credentials) } });
}

function refreshToken(realm: string, asked: Record<string, string>, token: string, signal: AbortSignal) {
  const body = new URLSearchParams({
    ...asked,
    grant_type: 'refresh_token',
    client_id: 'assay',
    refresh_token: token,
  });
  return fetch(realm, { method: 'POST', body, signal });
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function refusedEntry(registry: string, why: string, status: number): AssayError {
  return new AssayError('image-pull-failed', `${registry} does not let Assay in: ${why}`, {
    class: status >= 500 || status === 429 ? 'infra' : 'input',
    retryable: status >= 500 || status === 429,
    hint: `Run \`docker login ${registry}\` (or \`podman login\`); Assay reads the same files.`,
  });
}
