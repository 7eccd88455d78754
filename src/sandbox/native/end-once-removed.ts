import { type SandboxEnd, toFailure } from '../../contracts/index.ts';

/** The end as it is told once `remove` is done. What could not be removed stands in it: an end that nobody asked for has no other listener. `gc` takes the rest. Never rejects. */
export async function endOnceRemoved(end: SandboxEnd, remove: () => Promise<void>): Promise<SandboxEnd> {
  try {
    await remove();
    return end;
  } catch (error) {
    return { ...end, message: `${end.message}; something of it is left: ${toFailure(error).message}` };
  }
}
