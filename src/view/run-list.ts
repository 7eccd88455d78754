/** Which runs a folder holds, and in which order they were made. Looked at again and again: what is known of a lock that has not changed is kept. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readStored } from '../store/open-stored.ts';
import { isRunId, runPaths } from '../store/run-folder.ts';
import { storeError, systemCode } from '../store/store-error.ts';
import { logState } from './log-state.ts';

interface KeptTime {
  mtimeMs: number;
  /** `''` for a lock that cannot be read. */
  createdAt: string;
}

export class RunList {
  private readonly runsDir: string;
  private readonly times = new Map<string, KeptTime>();

  constructor(runsDir: string) {
    this.runsDir = runsDir;
  }

  /** Ids of all runs, newest first, those last whose lock cannot be read; none when there is no such folder. Throws `io`. */
  async ids(): Promise<string[]> {
    const runs = (await Promise.all((await this.names()).map((name) => this.dated(name)))).flat();
    return runs
      .sort((a, b) => (a.createdAt === b.createdAt ? (a.id < b.id ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1))
      .map((run) => run.id);
  }

  private async names(): Promise<string[]> {
    try {
      return (await readdir(this.runsDir)).filter(isRunId);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw storeError(error, this.runsDir);
    }
  }

  /** None for a folder without a lock. */
  private async dated(id: string): Promise<{ id: string; createdAt: string }[]> {
    const path = runPaths(join(this.runsDir, id)).manifest;
    const state = await logState(path).catch((error: unknown) => systemCode((error as Error).cause));
    if (state === 'ENOTDIR') return [];
    // A lock that may not be looked at is that of a run nevertheless.
    if (typeof state !== 'object') return [{ id, createdAt: '' }];
    if (state.size === 0 && state.mtimeMs === 0) return [];
    const kept = this.times.get(id);
    if (kept?.mtimeMs === state.mtimeMs) return [{ id, createdAt: kept.createdAt }];
    const createdAt = await createdAtOf(path);
    this.times.set(id, { mtimeMs: state.mtimeMs, createdAt });
    return [{ id, createdAt }];
  }
}

async function createdAtOf(path: string): Promise<string> {
  try {
    const time = Date.parse(
      (JSON.parse((await readStored(path)).toString('utf8')) as { createdAt?: string }).createdAt ?? '',
    );
    return Number.isNaN(time) ? '' : new Date(time).toISOString();
  } catch {
    // Reading the run says what is wrong with its lock.
    return '';
  }
}
