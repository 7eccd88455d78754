import { type AttemptAddress, attemptHref, diffHref } from '../route.ts';

const SHOWN = 20;

interface OtherAttemptsProps {
  at: AttemptAddress;
  /** How many the run makes at each instance. */
  attempts: number;
}

/** Ways to the other attempts at the same instance, and to the next one beside this one. */
export function OtherAttempts({ at, attempts }: OtherAttemptsProps) {
  if (attempts < 2) return null;
  const next = at.attempt === attempts ? 1 : at.attempt + 1;
  const others = Array.from({ length: Math.min(attempts, SHOWN) }, (_, index) => index + 1);
  return (
    <p className="quiet">
      Other attempts:{' '}
      {others
        .filter((attempt) => attempt !== at.attempt)
        .map((attempt) => (
          <span key={attempt}>
            <a href={attemptHref(at.runId, at.folder, attempt)}>#{attempt}</a>{' '}
          </span>
        ))}
      {attempts > SHOWN && `of ${attempts} `}·{' '}
      <a href={diffHref(at, { ...at, attempt: next })}>beside #{next}, step by step</a>
    </p>
  );
}
