import { describe, expect, test } from 'vitest';
import { EventLog } from './event-log.ts';
import type { LogFile } from './log-file.ts';

/** A file in memory that counts flushes and can run out of room. */
class MemoryFile implements LogFile {
  readonly size = 0;
  content = '';
  synced = '';
  syncs = 0;
  room = Number.POSITIVE_INFINITY;
  closed = 0;

  async write(data: Buffer): Promise<void> {
    const fits = data.subarray(0, Math.max(0, this.room - this.content.length));
    this.content += fits.toString();
    if (fits.length < data.length) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  }
  async sync(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 5));
    this.synced = this.content;
    this.syncs++;
  }
  async truncate(size: number): Promise<void> {
    this.content = this.content.slice(0, size);
  }
  async close(): Promise<void> {
    this.closed++;
  }
}

const line = (text: string, ready: Promise<void> = Promise.resolve()) => ({ line: text, ready });

describe('event log', () => {
  test('resolves after the flush, keeps the order, and lets many writers share one flush', async () => {
    const file = new MemoryFile();
    const log = new EventLog('x', async () => file);
    const appends = Array.from({ length: 320 }, async (_, index) => {
      await log.append(line(`${index}`));
      expect(file.synced.split('\n')).toContain(`${index}`);
    });
    await Promise.all(appends);
    expect(file.content).toBe(Array.from({ length: 320 }, (_, index) => `${index}\n`).join(''));
    expect(file.syncs).toBeLessThanOrEqual(2);
    // While one flush is under way the next ones gather.
    const first = log.append(line('first'));
    await new Promise((resolve) => setTimeout(resolve, 2));
    const others = Array.from({ length: 50 }, () => log.append(line('other')));
    await Promise.all([first, ...others]);
    expect(file.syncs).toBeLessThanOrEqual(4);
    await log.release();
    expect(file.closed).toBe(1);
  });

  test('waits for what a line refers to without letting later lines overtake', async () => {
    const file = new MemoryFile();
    const log = new EventLog('x', async () => file);
    const slow = new Promise<void>((resolve) => setTimeout(resolve, 30));
    await Promise.all([log.append(line('refers', slow)), log.append(line('plain'))]);
    expect(file.content).toBe('refers\nplain\n');
  });

  test('no room: rejects with disk-full, takes the torn end back, and stays failed', async () => {
    const file = new MemoryFile();
    const log = new EventLog('x', async () => file);
    await log.append(line('kept'));
    file.room = 10;
    await expect(log.append(line('too long for the room'))).rejects.toMatchObject({ code: 'disk-full' });
    expect(file.content).toBe('kept\n');
    file.room = 1_000;
    await expect(log.append(line('b'))).rejects.toMatchObject({ code: 'disk-full', retryable: true });
    expect(file.content).toBe('kept\n');
  });

  test('a blob that cannot be written fails the line and nothing of it is written', async () => {
    const file = new MemoryFile();
    const log = new EventLog('x', async () => file);
    const failed = Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    const results = await Promise.allSettled([log.append(line('refers', failed)), log.append(line('next'))]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    expect(file.content).toBe('');
  });
});
