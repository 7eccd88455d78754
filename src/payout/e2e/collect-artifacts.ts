/** What the tests left in their folder, as files with harmless names. */
import { extract } from 'tar-stream';
import type { GradeArtifact, Sandbox } from '../../contracts/index.ts';
import { exec } from '../../sandbox/exec.ts';

const MAX_BYTES = 64 * 1024 ** 2;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,150}$/;

/** Sorted by name, `prefix` before each. Other names, folders and links are passed over; none when there are more than 64 MiB. */
export async function collectArtifacts(sandbox: Sandbox, folder: string, prefix = ''): Promise<GradeArtifact[]> {
  const script = '[ -d "$1" ] || exit 0; cd -- "$1" && exec tar -c -f - .';
  const { stdout, stdoutBytes } = await exec(sandbox, ['sh', '-c', script, 'sh', folder], {
    cwd: '/',
    timeoutSeconds: 60,
    maxBytes: MAX_BYTES,
  });
  if (stdoutBytes > MAX_BYTES || stdout.length === 0) return [];
  const files: GradeArtifact[] = [];
  const archive = extract();
  archive.end(stdout);
  for await (const entry of archive) {
    const name = entry.header.name.replace(/^\.\//, '');
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    if (entry.header.type === 'file' && NAME.test(name))
      files.push({ name: `${prefix}${name}`, data: Buffer.concat(chunks) });
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}
