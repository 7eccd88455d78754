/**
 * The fake provider as a process of its own, for tests that kill what talks to it.
 *
 *     node --import tsx test/support/fake-model-server/main.ts --script behave.ts [--port 0] [--log requests.jsonl] [--seconds 600]
 *
 * `--script`: a module that exports `behave` (see `Behave`). Prints `{"url": ..., "pid": ...}` when it listens. `--log`: one JSON line per request when it has been dealt with, in that order:
 * path, digest, idempotency key, whether it was paid. Ends when its standard input ends, and after `--seconds` in any case.
 */
import { appendFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Behave, startFakeModelServer } from './fake-model-server.ts';

const { values } = parseArgs({
  options: {
    script: { type: 'string' },
    port: { type: 'string', default: '0' },
    log: { type: 'string' },
    seconds: { type: 'string', default: '600' },
  },
});
if (values.script === undefined) throw new Error('--script FILE is needed');
const module = (await import(pathToFileURL(resolve(values.script)).href)) as { behave?: Behave };
if (module.behave === undefined) throw new Error(`${values.script} does not export behave`);

const server = await startFakeModelServer(module.behave, {
  port: Number(values.port),
  onAnswered({ path, digest, headers, paid }) {
    if (values.log === undefined) return;
    const line = { path, digest, idempotencyKey: headers['idempotency-key'] ?? null, paid };
    appendFileSync(values.log, `${JSON.stringify(line)}\n`);
  },
});
process.stdout.write(`${JSON.stringify({ url: server.url, pid: process.pid })}\n`);
const end = () => server.close().then(() => process.exit(0));
process.stdin.on('end', end).on('error', end).resume();
setTimeout(end, Number(values.seconds) * 1000);
