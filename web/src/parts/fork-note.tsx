import type { ForkOrigin } from '../../../src/view/documents.ts';
import { type AttemptAddress, attemptHref, diffHref } from '../route.ts';

/** Where a forked attempt comes from, and both beside each other. */
export function ForkNote({ at, fork }: { at: AttemptAddress; fork: ForkOrigin }) {
  const origin = { runId: fork.runId, folder: at.folder, attempt: fork.attempt };
  return (
    <p className="quiet">
      Forked from{' '}
      <a href={attemptHref(origin.runId, origin.folder, origin.attempt, Math.max(1, fork.step))}>
        {origin.runId} #{origin.attempt}, step {fork.step}
      </a>
      ; <a href={diffHref(origin, at)}>both branches step by step</a>
    </p>
  );
}
