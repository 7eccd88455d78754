/** Work that is done ahead of time and must be in nobody's way. */
import type { Server } from 'node:http';

/** Does `work` once, when nobody has asked the server for anything for `ms`. Ends with the server. */
export function whenIdle(server: Server, ms: number, work: () => void): void {
  const timer = setTimeout(() => {
    server.off('request', asked);
    work();
  }, ms);
  const asked = () => timer.refresh();
  server.on('request', asked);
  server.once('close', () => clearTimeout(timer));
}
