/**
 * Where cgroups can be made, on v1, v2 and both at once (cgroups(7)): one folder of this process per hierarchy, `assay-PID-STARTTIME-x`, with one folder per sandbox
 * below it. The helper makes and removes those; limits and counters are written and read here.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTicks } from '../../../base/process-identity.ts';
import type { GcReport, LimitMechanism } from '../../../contracts/index.ts';

export type Controller = 'memory' | 'pids' | 'cpu' | 'cpuacct' | 'freezer';
const CONTROLLERS: readonly Controller[] = ['memory', 'pids', 'cpu', 'cpuacct', 'freezer'];

export interface Hierarchy {
  version: 1 | 2;
  /** This process's folder in it. */
  folder: string;
}

export interface Cgroups {
  /** The hierarchy that each controller was found in; controllers that cannot be used are missing. */
  controllers: Partial<Record<Controller, Hierarchy>>;
  /** All folders, each once. */
  parents: readonly string[];
  /** Removes the folders; best effort, `removeDeadCgroups` gets what is left. */
  close(): Promise<void>;
}

const FOLDER = /^assay-(\d+)-(\d+)-[0-9a-f]+$/;

/** How a limit is held: by a cgroup where there is one. */
export function mechanism(cgroups: Cgroups, controller: Controller, otherwise: LimitMechanism): LimitMechanism {
  const hierarchy = cgroups.controllers[controller];
  return hierarchy === undefined ? otherwise : `cgroup-v${hierarchy.version}`;
}

/** Makes this process's folders where that is allowed; none of them where it is not. */
export async function openCgroups(): Promise<Cgroups> {
  const name = `assay-${process.pid}-${await startTicks(process.pid)}-${randomBytes(3).toString('hex')}`;
  const controllers: Cgroups['controllers'] = {};
  for (const place of await places()) {
    const wanted = place.controllers.filter((controller) => controllers[controller] === undefined);
    if (wanted.length === 0) continue;
    const folder = join(place.folder, name);
    if (!(await tryMake(place, folder, wanted))) continue;
    for (const controller of wanted) controllers[controller] = { version: place.version, folder };
  }
  const parents = [...new Set(Object.values(controllers).map(({ folder }) => folder))];
  return {
    controllers,
    parents,
    async close() {
      for (const folder of parents) await rmdir(folder).catch(() => {}); // not empty yet: the next one that looks removes it
    },
  };
}

interface Place {
  version: 1 | 2;
  folder: string;
  controllers: Controller[];
}

/** On v2 the controllers must be handed down twice: to our folder and from it to the sandboxes. */
async function tryMake(place: Place, folder: string, wanted: readonly Controller[]): Promise<boolean> {
  const enabled = wanted.filter(
    (controller) => controller === 'memory' || controller === 'pids' || controller === 'cpu',
  );
  const words = enabled.map((controller) => `+${controller}`).join(' ');
  try {
    if (place.version === 2 && words !== '') await writeFile(join(place.folder, 'cgroup.subtree_control'), words);
    await mkdir(folder);
    if (place.version === 2 && words !== '') await writeFile(join(folder, 'cgroup.subtree_control'), words);
    return true;
  } catch {
    await rmdir(folder).catch(() => {}); // it was not made, or holds nothing
    return false; // not ours to write: the limits that hold then stand in limitsInForce
  }
}

/** Folders to try, v2 first, each hierarchy at this process's own cgroup and then at its top. */
async function places(): Promise<Place[]> {
  const mounts = (await readText('/proc/self/mountinfo')).split('\n').flatMap((line) => parseMount(line) ?? []);
  const own = (await readText('/proc/self/cgroup')).split('\n').map((line) => line.split(':'));
  const found: Place[] = [];
  for (const mount of mounts.sort((a, b) => b.version - a.version)) {
    const entry = own.find(([id, names]) =>
      mount.version === 2 ? id === '0' : (names ?? '').split(',').some((one) => mount.options.includes(one)),
    );
    const path = entry?.slice(2).join(':') ?? '/';
    const below = path.startsWith(mount.root) ? path.slice(mount.root.length) : '';
    for (const folder of new Set([join(mount.point, below), mount.point])) {
      const available =
        mount.version === 2
          ? [...(await readText(join(folder, 'cgroup.controllers'))).trim().split(' '), 'freezer', 'cpuacct']
          : mount.options;
      const controllers = CONTROLLERS.filter((controller) => available.includes(controller));
      // The freezer and the clock of v2 come with every cgroup; alone they are no reason to use it beside v1.
      if (controllers.some((controller) => mount.version === 1 || !['freezer', 'cpuacct'].includes(controller)))
        found.push({ version: mount.version, folder, controllers });
    }
  }
  return found;
}

/** One line of mountinfo (proc(5)), when it is a cgroup hierarchy. */
function parseMount(line: string): { version: 1 | 2; root: string; point: string; options: string[] } | undefined {
  const [left = '', right = ''] = line.split(' - ');
  const [, , , root = '', point = ''] = left.split(' ');
  const [type, , options = ''] = right.split(' ');
  if (type !== 'cgroup' && type !== 'cgroup2') return undefined;
  return { version: type === 'cgroup2' ? 2 : 1, root: root === '/' ? '' : root, point, options: options.split(',') };
}

/** Removes the folders of processes that are gone. */
export async function removeDeadCgroups(): Promise<Pick<GcReport, 'cgroups' | 'processes'>> {
  const removed = { cgroups: 0, processes: 0 };
  const folders = new Set((await places()).map((place) => place.folder));
  for (const folder of folders) {
    for (const name of await readdir(folder).catch(() => [])) {
      const [, pid = '', startTime = ''] = FOLDER.exec(name) ?? [];
      if (pid === '' || (await startTicks(Number(pid))) === startTime) continue;
      await removeTree(join(folder, name), removed);
    }
  }
  return removed;
}

async function removeTree(folder: string, removed: { cgroups: number; processes: number }): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name), removed);
  await writeFile(join(folder, 'freezer.state'), 'THAWED').catch(() => {}); // only where there is one
  for (const pid of (await readText(join(folder, 'cgroup.procs'))).split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
      removed.processes++;
    } catch {
      // it ended by itself
    }
  }
  for (let tries = 0; tries < 50; tries++) {
    const gone = await rmdir(folder).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    );
    if (gone) {
      removed.cgroups++;
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
