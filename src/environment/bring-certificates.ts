/** Certificate bundles of this machine for steps with network, where its own files cannot be seen. */
import { readFile } from 'node:fs/promises';
import { AssayError, type Sandbox } from '../contracts/index.ts';
import { exec } from '../sandbox/exec.ts';

/** No part of a layer, whatever the step leaves there. */
const FOLDER = '/tmp/.assay-certificates';

const WRITE = 'mkdir -p "$1" && cat > "$1/$2"';

/**
 * Copies the files, given by variable, into the sandbox; gives the variables with the paths there. A variable that names no file is left out: programs do better without it.
 * Throws `environment-build-failed` when the sandbox does not take them.
 */
export async function bringCertificates(
  sandbox: Sandbox,
  files: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  const places = new Map<string, string | undefined>();
  for (const [variable, path] of Object.entries(files)) {
    if (!places.has(path)) places.set(path, await copy(sandbox, path, `${places.size}.pem`));
    const place = places.get(path);
    if (place !== undefined) env[variable] = place;
  }
  return env;
}

async function copy(sandbox: Sandbox, path: string, name: string): Promise<string | undefined> {
  const input = await readFile(path).catch(() => undefined);
  if (input === undefined) return undefined;
  const written = await exec(sandbox, ['/bin/sh', '-c', WRITE, 'sh', FOLDER, name], {
    cwd: '/',
    input,
    timeoutSeconds: 60,
  });
  if (written.exitCode === 0) return `${FOLDER}/${name}`;
  throw new AssayError('environment-build-failed', `${path} could not be copied into the sandbox: ${written.stderr}`, {
    class: 'infra',
    retryable: true,
  });
}
