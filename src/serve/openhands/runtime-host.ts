import type { IncomingMessage } from 'node:http';

/** Stands for the id of a runtime in URLs. */
const ID = '{id}';

/**
 * The URL of a runtime. `template`: such as `https://{id}.sandboxes.example.org`; null: a path of the server itself, which the newer client of OpenHands refuses
 * (it compares its base URL with one that httpx has given a slash).
 */
export function runtimeUrl(id: string, template: string | null, publicUrl: string): string {
  return (template ?? `${publicUrl}/runtimes/${ID}`).replace(ID, id);
}

/** Gives a request to a host of a runtime (its id is the first part of the name) the path that leads there. */
export function routeByHost(request: IncomingMessage): void {
  const id = /^([0-9a-f]{32})\./.exec(request.headers.host ?? '')?.[1];
  if (id !== undefined && request.url?.startsWith('/')) request.url = `/runtimes/${id}${request.url}`;
}
