/** A listener over `host-keeper-child.ts`, which prints its URL and waits to be killed. Arguments: port, seconds that sandboxes are held, kind of sandboxes, files of TLS. */
import { readFileSync } from 'node:fs';
import { assayPaths } from '../../src/base/paths.ts';
import { attachKeeper } from '../../src/serve/keeper/attach-keeper.ts';
import { startListener } from '../../src/serve/listener/listener.ts';
import { GENEROUS } from './serve-bench.ts';

const [port = '0', holdSeconds = '60', sandbox = 'host-test', cert, key] = process.argv.slice(2);
const keeper = await attachKeeper({
  home: assayPaths().home,
  identity: { version: 'test', sandbox },
  main: './host-keeper-child',
  beside: import.meta.url,
  onNews: (sentence) => console.error(sentence),
});
const listener = await startListener({
  host: '127.0.0.1',
  port: Number(port),
  keeper: () => keeper.record.clients,
  ...(cert === undefined || key === undefined
    ? {}
    : { tls: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } }),
});
const policy = { hostNetwork: true, registries: ['docker.io'], most: GENEROUS };
await keeper.configure({ capacity: 64, publicUrl: listener.url, holdSeconds: Number(holdSeconds), policy });
process.stdout.write(`${listener.url}\n`);
