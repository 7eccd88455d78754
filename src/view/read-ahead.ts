/** Reads what browsers are about to ask for, in nobody's way. */
import type { Server } from 'node:http';
import { runPaths } from '../store/run-folder.ts';
import { logState } from './log-state.ts';
import type { RunCache } from './run-cache.ts';
import { runsDocument } from './runs-document.ts';
import { whenIdle } from './when-idle.ts';

/** So many of the newest runs, with logs of so many bytes at most, are read at once; that also makes ready what reads them. */
const NEWEST_RUNS = 5;
const SHORT_BYTES = 1024 * 1024;
/** All others, once nobody has asked for anything for so long. */
const IDLE_MS = 1_000;

/** What cannot be read is told to whoever asks for it. */
export function readAhead(server: Server, cache: RunCache): void {
  readNewest(cache).catch(() => {});
  whenIdle(server, IDLE_MS, () => void runsDocument(cache).catch(() => {}));
}

async function readNewest(cache: RunCache): Promise<void> {
  for (const runId of (await cache.ids()).slice(0, NEWEST_RUNS)) {
    const { size } = await logState(runPaths(cache.dirOf(runId)).events);
    // Of a damaged run the others are none the worse.
    if (size <= SHORT_BYTES) await cache.run(runId).catch(() => {});
  }
}
