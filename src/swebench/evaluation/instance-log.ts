/** `run_instance.log`: what was done to an instance and when, in the line format of the reference. */
import { appendFile } from 'node:fs/promises';

export interface InstanceLog {
  info(message: string): void;
  error(message: string): void;
  /** Resolves once everything is in the file; throws what writing threw. */
  flush(): Promise<void>;
}

export function openInstanceLog(path: string): InstanceLog {
  let written: Promise<void> = Promise.resolve();
  const add = (level: 'INFO' | 'ERROR', message: string) => {
    written = written.then(() => appendFile(path, `${timestamp(new Date())} - ${level} - ${message}\n`));
    written.catch(() => {}); // thrown by `flush`
  };
  return {
    info: (message) => add('INFO', message),
    error: (message) => add('ERROR', message),
    flush: () => written,
  };
}

/** `2026-01-31 14:05:09,123`, local time. */
function timestamp(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().replace('T', ' ').replace('.', ',').replace('Z', '');
}
