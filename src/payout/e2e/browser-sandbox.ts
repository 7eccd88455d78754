/** The sandbox that holds the tests and the browser. No program of the patch ever runs in it: it reaches the application through a relay. */
import { createInterface } from 'node:readline';
import { AssayError, type Sandbox, type SandboxProcess } from '../../contracts/index.ts';
import { sandboxFiles } from '../../sandbox/files.ts';
import { browserKit, KIT } from './browser-kit.ts';
import { CHROMIUM_PLACES } from './chromium-places.ts';

/** Where the tests leave screenshots and traces. */
export const ARTIFACTS = '/tmp/artifacts';

export interface BrowserTools {
  /** For the environment of the tests. */
  env: Record<string, string>;
  /** Rejects with an infrastructure failure when the browser goes away; stays open otherwise. */
  lost: Promise<never>;
}

const START_MS = 120_000;

/** Puts Playwright in place and starts Chromium. Throws `environment-tool-missing` without Chromium, else `sandbox-spawn-failed`. */
export async function startBrowser(sandbox: Sandbox): Promise<BrowserTools> {
  await sandboxFiles(sandbox).putArchive(KIT, await browserKit());
  const server = await sandbox.spawn(['node', `${KIT}/browser-server.mjs`, ...CHROMIUM_PLACES], {
    cwd: KIT,
    stderr: 'merge',
  });
  const address = await firstLine(server);
  if (!address.startsWith('ws://')) {
    server.kill('SIGKILL');
    throw address === 'no-chromium' ? noChromium() : notStarted(address);
  }
  const lost = server.exit.then(({ sandboxDied }): never => {
    if (sandboxDied)
      throw new AssayError('sandbox-died', 'The sandbox of the browser ended.', { class: 'infra', retryable: true });
    throw notStarted('it ended while the tests ran');
  });
  lost.catch(() => {}); // whoever waits for the tests sees it
  return { env: { BROWSER_WS: address, ARTIFACTS, HOME: '/tmp' }, lost };
}

async function firstLine(server: SandboxProcess): Promise<string> {
  const lines = createInterface({ input: server.stdout });
  const timer = setTimeout(() => server.kill('SIGKILL'), START_MS);
  try {
    let text = '';
    for await (const line of lines) {
      if (line.startsWith('ws://') || line === 'no-chromium') return line;
      text = `${text}${line}\n`.slice(0, 2_000);
    }
    return text === '' ? 'it said nothing' : text;
  } finally {
    clearTimeout(timer);
    server.stdout.resume();
  }
}

function noChromium(): AssayError {
  return new AssayError('environment-tool-missing', 'There is no Chromium in the sandbox.', {
    class: 'infra',
    retryable: false,
    hint: 'Install it (Debian: apt-get install chromium), or use an image that has it.',
  });
}

function notStarted(why: string): AssayError {
  const message = `The browser does not run: ${why.trim()}`;
  return new AssayError('sandbox-spawn-failed', message, { class: 'infra', retryable: true });
}

/** Connections to `port` of the browser's sandbox end at the application. Returns when it listens. */
export async function joinSandboxes(
  browser: Sandbox,
  port: number,
  connect: () => Promise<SandboxProcess>,
): Promise<void> {
  const [listening, connecting] = await Promise.all([
    browser.spawn(['node', `${KIT}/relay.mjs`, 'listen', String(port)]),
    connect(),
  ]);
  for (const stream of [listening.stdin, connecting.stdin]) stream.on('error', () => {});
  listening.stdout.pipe(connecting.stdin);
  connecting.stdout.pipe(listening.stdin);
  connecting.stderr.resume();
  const ready = new Promise<boolean>((resolve) => {
    listening.stderr.once('data', () => resolve(true));
    void listening.exit.then(() => resolve(false));
  });
  if (!(await ready)) throw notStarted(`the relay cannot listen on port ${port}`);
}
