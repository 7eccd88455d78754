import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { whenIdle } from './when-idle.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('waits until nobody asks, and is done once', () => {
  const server = createServer();
  let done = 0;
  whenIdle(server, 500, () => done++);
  for (let asked = 0; asked < 8; asked++) {
    vi.advanceTimersByTime(400);
    server.emit('request');
  }
  expect(done).toBe(0);
  vi.advanceTimersByTime(499);
  expect(done).toBe(0);
  vi.advanceTimersByTime(1);
  expect(done).toBe(1);
  server.emit('request');
  vi.advanceTimersByTime(5_000);
  expect(done).toBe(1);
});

test('is not done when the server has ended before', () => {
  const server = createServer();
  whenIdle(server, 500, () => expect.fail('the server has ended'));
  server.emit('close');
  vi.advanceTimersByTime(5_000);
});
