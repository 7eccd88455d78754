/** A listener that prints its URL and waits to be killed. Argument: a `ListenerChildOptions` as JSON; the home is `ASSAY_HOME`. */
import { readFileSync } from 'node:fs';
import { assayPaths } from '../../src/base/paths.ts';
import { attachKeeper } from '../../src/serve/keeper/attach-keeper.ts';
import { startListener } from '../../src/serve/listener/listener.ts';
import type { ListenerChildOptions } from './listener-process.ts';
import { GENEROUS } from './serve-bench.ts';

const options = JSON.parse(process.argv[2] ?? '') as ListenerChildOptions;
const { tls } = options;
const keeper = await attachKeeper({
  home: assayPaths().home,
  identity: { version: 'test', sandbox: options.sandbox },
  main: options.sandbox === 'native' ? '../../src/cli/keeper-main' : './host-keeper-child',
  beside: import.meta.url,
  onNews: (sentence) => console.error(sentence),
});
const listener = await startListener({
  host: options.host,
  port: options.port,
  keeper: () => keeper.record.clients,
  ...(tls === undefined ? {} : { tls: { cert: readFileSync(tls.cert, 'utf8'), key: readFileSync(tls.key, 'utf8') } }),
});
await keeper.configure({
  capacity: 64,
  warm: 0,
  forgetSeconds: null,
  publicUrl: listener.url,
  runtimeUrl: null,
  holdSeconds: options.holdSeconds,
  layerBytes: GENEROUS.diskBytes,
  policy: { hostNetwork: true, registries: ['docker.io'], runtimeHosts: [], most: GENEROUS },
});
process.stdout.write(`${listener.url}\n`);
