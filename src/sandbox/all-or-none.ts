/** Several sandboxes as one step: when one cannot be made, the others go too. */
import type { Sandbox } from '../contracts/index.ts';

/** All of them, or the first error with every sandbox that was made destroyed. */
export async function allOrNone(creations: readonly Promise<Sandbox>[]): Promise<Sandbox[]> {
  const results = await Promise.allSettled(creations);
  const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure === undefined) return made;
  await Promise.all(made.map((sandbox) => sandbox.destroy()));
  throw failure.reason;
}
