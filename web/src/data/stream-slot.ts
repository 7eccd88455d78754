/** Which tabs may hold a stream. Browsers allow six connections to a server, for all tabs together: were all of them streams, no page would load any more. */
const SLOTS = 3;

/**
 * True when this page may hold a stream until the signal is aborted; false when as many other tabs hold one already. Also false where browsers let tabs know nothing of each other:
 * over plain HTTP from another machine.
 */
export async function takeStreamSlot(signal: AbortSignal): Promise<boolean> {
  for (let slot = 0; slot < SLOTS; slot++) if (await takeLock(`assay-stream-${slot}`, signal)) return true;
  return false;
}

function takeLock(name: string, signal: AbortSignal): Promise<boolean> {
  const { locks } = navigator as Partial<Pick<Navigator, 'locks'>>;
  if (locks === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const hold = async (lock: Lock | null) => {
      resolve(lock !== null);
      if (lock !== null && !signal.aborted)
        await new Promise((release) => signal.addEventListener('abort', release, { once: true }));
    };
    locks.request(name, { ifAvailable: true }, hold).catch(() => resolve(false));
  });
}
