/** The proxy of one sandbox whose network is a list of hosts: a socket that the helper's relay inside connects to. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startFilterProxy } from '../../filter-proxy.ts';

export interface WayOut {
  /** Name of the socket in the helper's folder. */
  socket: string;
  close(): Promise<void>;
}

/** Where the relay listens inside: `native/src/relay.c`. */
const PROXY = 'http://127.0.0.1:3128';
const LOCAL = 'localhost,127.0.0.1,::1';

/** For programs inside; what a spec says goes before. */
export const PROXY_ENV: Readonly<Record<string, string>> = {
  http_proxy: PROXY,
  https_proxy: PROXY,
  HTTP_PROXY: PROXY,
  HTTPS_PROXY: PROXY,
  no_proxy: LOCAL,
  NO_PROXY: LOCAL,
};

/** Throws `usage` for a list that cannot be read. */
export async function openWayOut(folder: string, allow: readonly string[]): Promise<WayOut> {
  const socket = `p-${randomBytes(4).toString('hex')}`;
  const proxy = await startFilterProxy(join(folder, socket), allow);
  return {
    socket,
    async close() {
      await proxy.close();
      await rm(join(folder, socket), { force: true });
    },
  };
}
