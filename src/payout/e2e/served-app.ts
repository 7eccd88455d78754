/** The application of a task, built and served from a patched work tree in a sandbox that holds no test. */
import { type AppServer, AssayError, type Sandbox, type SandboxProcess } from '../../contracts/index.ts';
import { exec } from '../../sandbox/exec.ts';
import { sandboxFiles } from '../../sandbox/files.ts';
import { KIT, kitScript, RELAY_SCRIPTS } from './browser-kit.ts';

export type ServedApp =
  | { ready: true; log: () => string; relay: () => Promise<SandboxProcess> }
  /** It does not build, ends by itself or does not answer in time: the patch's doing. */
  | { ready: false; log: () => string };

const BUILD_SECONDS = 300;
const MAX_LOG = 200_000;

/** Throws only for infrastructure and `cancelled`. The application runs until the sandbox is destroyed. */
export async function serveApp(
  sandbox: Sandbox,
  app: AppServer,
  { workdir, signal }: { workdir: string; signal: AbortSignal },
): Promise<ServedApp> {
  let text = '';
  const say = (more: string) => {
    text = (text + more).slice(-MAX_LOG);
  };
  const log = () => text;
  for (const name of RELAY_SCRIPTS) await sandboxFiles(sandbox).write(`${KIT}/${name}`, await kitScript(name));
  if (app.build !== undefined) {
    const options = { cwd: workdir, stderr: 'merge', timeoutSeconds: BUILD_SECONDS, signal } as const;
    const built = await exec(sandbox, ['bash', '-c', app.build], options);
    say(built.stdout.toString());
    if (built.exitCode !== 0) {
      say(`\nthe build ended with ${built.timedOut ? 'its time' : (built.exitCode ?? built.signal)}\n`);
      return { ready: false, log };
    }
  }
  const server = await sandbox.spawn(['bash', '-c', app.serve], { cwd: workdir, stderr: 'merge' });
  server.stdin.end();
  server.stdout.on('data', (chunk: Buffer) => say(chunk.toString()));
  const ended = server.exit.then(({ code, signal: by }) => say(`\nthe application ended: ${code ?? by}\n`));
  if (!(await answers(sandbox, app, ended, signal))) {
    say(`\nthe application does not answer on port ${app.port}\n`);
    return { ready: false, log };
  }
  const relay = () => sandbox.spawn(['node', `${KIT}/relay.mjs`, 'connect', String(app.port)]);
  return { ready: true, log, relay };
}

async function answers(
  sandbox: Sandbox,
  { port, readyPath, readySeconds }: AppServer,
  ended: Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const stop = new AbortController();
  const abort = () => stop.abort();
  signal.addEventListener('abort', abort, { once: true });
  void ended.then(abort);
  try {
    const asked = await exec(
      sandbox,
      ['node', `${KIT}/wait-for-app.mjs`, String(port), readyPath, String(readySeconds)],
      { timeoutSeconds: readySeconds + 10, signal: stop.signal },
    );
    return asked.exitCode === 0;
  } catch (error) {
    if (error instanceof AssayError && error.code === 'cancelled' && !signal.aborted) return false; // the application ended
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
