/** Routes as data: the dispatcher and the OpenAPI document read the same declarations. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { HostedSandbox } from '../control/hosted-sandbox.ts';
import type { KeyRecord, Scope } from '../keys/key-record.ts';

export interface OpenCall {
  request: IncomingMessage;
  response: ServerResponse;
  /** The parts of the path in braces, decoded. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
}

export interface AccountCall extends OpenCall {
  key: KeyRecord;
}

export interface SessionCall extends OpenCall {
  hosted: HostedSandbox;
}

const REST = '{rest*}';

/** A JSON reply; a handler that gives none has answered itself. */
export interface Reply {
  status: number;
  body?: unknown;
}

export interface QueryParameter {
  description: string;
  schema?: z.ZodType<string>;
  isRequired?: boolean;
}

interface RouteFacts {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/v1/sandboxes/{id}`: a part in braces stands for one segment, `{rest*}` at the end for all that follow, as they were sent. */
  path: string;
  summary: string;
  /** Of a JSON body. */
  body?: z.ZodType;
  /** Of a JSON reply. */
  reply?: z.ZodType;
  /** Content type where body or reply are no JSON. */
  binary?: { body?: string; reply?: string };
  /** What parts of the path must be; others are any text. */
  params?: Readonly<Record<string, z.ZodType<string>>>;
  query?: Readonly<Record<string, QueryParameter>>;
  /** Of a reply that is no refusal. Default 200. */
  status?: number;
  /** Its body may take any time, as long as it flows. */
  hasLongBody?: boolean;
}

/** `none`: for everybody; `account`: an account key with the scope; `session`: the session key of the sandbox `{id}`. */
export type Route = RouteFacts &
  (
    | { auth: 'none'; handle(call: OpenCall): Promise<Reply | undefined> }
    | { auth: 'account'; scope: Scope; handle(call: AccountCall): Promise<Reply | undefined> }
    | { auth: 'session'; handle(call: SessionCall): Promise<Reply | undefined> }
  );

/** The parameters of a path when it is one of the route's; null otherwise, also for segments that are badly encoded. */
export type PathMatcher = (path: string) => Record<string, string> | null;

export function pathMatcher(pattern: string): PathMatcher {
  const wanted = pattern.split('/').map((part) => ({ part, name: /^\{(\w+)\}$/.exec(part)?.[1] }));
  const takesRest = wanted.at(-1)?.part === REST;
  return (path) => {
    const given = takesRest ? withRest(path.split('/'), wanted.length) : path.split('/');
    if (wanted.length !== given.length) return null;
    const params: Record<string, string> = {};
    for (const [index, { part, name }] of wanted.entries()) {
      const segment = given[index] ?? '';
      if (part === REST) params.rest = segment;
      else if (name === undefined) {
        if (part !== segment) return null;
      } else {
        const value = decodeSegment(segment);
        if (value === null) return null;
        params[name] = value;
      }
    }
    return params;
  };
}

/** The segments with all from the last wanted one on as one. */
function withRest(segments: readonly string[], count: number): string[] {
  return [...segments.slice(0, count - 1), ...(segments.length < count ? [] : [segments.slice(count - 1).join('/')])];
}

function decodeSegment(segment: string): string | null {
  try {
    const text = decodeURIComponent(segment);
    return text === '' || text.length > 256 ? null : text;
  } catch {
    return null;
  }
}
