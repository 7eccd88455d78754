import { expect, test } from 'vitest';
import { SingleFlight } from './single-flight.ts';

const signal = new AbortController().signal;

test('equal work runs once and is cancelled when nobody waits', async () => {
  const flights = new SingleFlight();
  let runs = 0;
  let cancelledWork = 0;
  const work = async (inner: AbortSignal) => {
    runs++;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, 100);
      inner.addEventListener('abort', () => {
        cancelledWork++;
        clearTimeout(timer);
        resolve(null);
      });
    });
    return runs;
  };
  const impatient = new AbortController();
  const first = flights.run('k', impatient.signal, work);
  const second = flights.run('k', signal, work);
  impatient.abort();
  await expect(first).rejects.toMatchObject({ code: 'cancelled' });
  expect(await second).toBe(1);
  expect([runs, cancelledWork]).toEqual([1, 0]);
  const alone = new AbortController();
  const third = flights.run('k', alone.signal, work);
  alone.abort();
  await expect(third).rejects.toMatchObject({ code: 'cancelled' });
  const fourth = flights.run('k', signal, work);
  expect(await fourth).toBe(3);
  expect([runs, cancelledWork]).toEqual([3, 1]);
});
