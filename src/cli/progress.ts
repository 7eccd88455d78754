/** Shows run events while they happen: a live window on a terminal, plain lines in a pipe. Always on stderr. */
import { printableLines } from '../base/printable.ts';
import type { RunEvent } from '../contracts/index.ts';
import { applyEvent, newProgress, type ProgressState, windowLines } from './progress-state.ts';

export interface Progress {
  /** Give every event here. */
  observe(event: RunEvent): void;
  /** A line above the window. */
  say(line: string): void;
  /** Removes the window and restores the terminal. Idempotent. */
  stop(): void;
}

const SYNC_START = '\u001b[?2026h';
const SYNC_END = '\u001b[?2026l';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

export function createProgress(options: { quiet: boolean; planned?: number; stream?: NodeJS.WriteStream }): Progress {
  const stream = options.stream ?? process.stderr;
  const state = newProgress(options.planned ?? 0, Date.now());
  if (options.quiet) return { observe: () => {}, say: () => {}, stop: () => {} };
  return stream.isTTY ? liveProgress(stream, state) : plainProgress(stream, state);
}

/** Events quote what models and sandboxes said. */
function printable(line: string): string {
  return printableLines(line, 20).join('\n');
}

function plainProgress(stream: NodeJS.WriteStream, state: ProgressState): Progress {
  const say = (line: string) => stream.write(`${line}\n`);
  return {
    observe(event) {
      const line = applyEvent(state, event, Date.now());
      if (line !== undefined) say(printable(line));
    },
    say,
    stop: () => {},
  };
}

/** Redraws a window at the bottom at most ten times a second; lines that stay are printed above it. */
function liveProgress(stream: NodeJS.WriteStream, state: ProgressState): Progress {
  let drawn = 0;
  let stopped = false;
  const erase = () => (drawn > 0 ? `\u001b[${drawn}A\u001b[0J` : '');
  const draw = (above: string) => {
    if (stopped) return;
    const lines = windowLines(state, Date.now(), stream.columns || 100, stream.rows || 24);
    stream.write(`${SYNC_START}${HIDE_CURSOR}${erase()}${above}${lines.join('\n')}\n${SYNC_END}`);
    drawn = lines.length;
  };
  const timer = setInterval(() => draw(''), 100);
  timer.unref();
  return {
    observe(event) {
      const line = applyEvent(state, event, Date.now());
      if (line !== undefined) draw(`${printable(line)}\n`);
    },
    say: (line) => draw(`${line}\n`),
    stop() {
      if (stopped) return;
      draw('');
      stopped = true;
      clearInterval(timer);
      stream.write(SHOW_CURSOR);
    },
  };
}
