import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { packageRoot } from '../../dataset/package-root.ts';
import { systemCode } from '../../store/store-error.ts';
import { exportPages } from '../../view/export-pages.ts';
import { loadPageAssets } from '../../view/page-assets.ts';
import { startViewServer } from '../../view/view-server.ts';
import { defineCommand } from '../flag.ts';
import { withInterrupt } from '../interrupt.ts';
import { print } from '../output.ts';
import { assayVersion } from '../version.ts';
import { webControls } from '../web-controls.ts';

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1']);

export const viewCommand = defineCommand({
  name: 'view',
  summary: 'runs, attempts and comparisons as web pages, live or as files',
  description:
    'Serves the runs of a folder to browsers of this machine, until Ctrl-C. The address holds a token, which changes with each start. With --export the same pages are written ' +
    'to a folder that any web server or file host can serve.',
  arguments: [{ name: 'store', help: 'folder of the run folders (default: runs)', count: 'optional' }],
  flags: {
    port: { kind: 'integer', min: 0, max: 65535, default: 0, help: 'where to listen; 0 for any free port' },
    host: {
      kind: 'string',
      default: '127.0.0.1',
      placeholder: 'address',
      help: 'address to listen on; others than the default let other machines read',
    },
    name: { kind: 'strings', placeholder: 'host', help: 'a further name that browsers reach this server by' },
    control: {
      kind: 'string',
      default: 'local',
      choices: ['local', 'always', 'never'],
      help: 'when pages may start and stop runs; local: when only this machine is listened to',
    },
    export: { kind: 'string', placeholder: 'folder', help: 'write the pages to this folder instead' },
    run: { kind: 'strings', placeholder: 'id', help: 'with --export: only these runs' },
  },
  examples: ['assay view', 'assay view runs --port 4173', 'assay view runs --export site'],
  async run({ args, flags }) {
    const runsDir = resolve(args[0] ?? 'runs');
    const assets = await loadPageAssets(join(packageRoot(), 'dist-web'));
    if (flags.export !== undefined) {
      const folder = resolve(flags.export);
      const only = flags.run.length === 0 ? {} : { runIds: flags.run };
      const written = await withInterrupt((signal) =>
        exportPages({ runsDir, assets, folder, assayVersion: assayVersion(), signal, ...only }),
      );
      for (const problem of written.problems) process.stderr.write(`warning: ${problem}\n`);
      const serve = `to look at it: python3 -m http.server --directory ${folder}`;
      print(flags.json, { folder, ...written }, `${folder}: ${written.runs} runs, ${written.files} files\n${serve}\n`);
      return 0;
    }
    const { host, port, name: names } = flags;
    const wanted = flags.control === 'always' || (flags.control === 'local' && LOOPBACK.has(host));
    const controlled = wanted && (await isWritable(runsDir));
    const assay = [process.execPath, join(packageRoot(), 'bin/assay.mjs')] as const;
    const controls = controlled ? { controls: webControls({ runsDir, assay }) } : {};
    await withInterrupt(async (signal) => {
      const server = await startViewServer({
        runsDir,
        assets,
        assayVersion: assayVersion(),
        host,
        port,
        names,
        ...controls,
      });
      const only = wanted && !controlled ? ', which cannot be written to: pages only read' : '';
      print(
        flags.json,
        { address: server.address, runsDir },
        `${server.address}\nshows ${runsDir}${only}; Ctrl-C ends it\n`,
      );
      await new Promise((done) => signal.addEventListener('abort', done));
      await server.close();
    });
    return 0;
  },
});

/** A folder that is not there yet is made with the first run. */
async function isWritable(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK);
    return true;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}
