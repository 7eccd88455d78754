import type { EventEmitter } from 'node:events';

/** Resolves at the first of these events; listens to none of them afterwards. */
export function firstEvent(emitter: EventEmitter, names: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const name of names) emitter.off(name, done);
      resolve();
    };
    for (const name of names) emitter.on(name, done);
  });
}
