/** A folder as a tar archive with one folder at the top, as published packages have it; sorted and without times, so that equal content gives equal bytes. */
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pack } from 'tar-stream';

export async function folderArchive(folder: string): Promise<Buffer> {
  const archive = pack();
  const chunks: Buffer[] = [];
  const done = (async () => {
    for await (const chunk of archive) chunks.push(chunk as Buffer);
  })();
  const mtime = new Date(0);
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const stat = await lstat(join(folder, name));
    const header = {
      name: `source/${name}`,
      mtime,
      mode: stat.isDirectory() || (stat.mode & 0o111) !== 0 ? 0o755 : 0o644,
    };
    if (stat.isDirectory()) archive.entry({ ...header, type: 'directory' });
    else if (stat.isSymbolicLink())
      archive.entry({ ...header, type: 'symlink', linkname: await readlink(join(folder, name)) });
    else archive.entry(header, await readFile(join(folder, name)));
  }
  archive.finalize();
  await done;
  return Buffer.concat(chunks);
}
