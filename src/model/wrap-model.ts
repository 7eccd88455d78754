/** A model around another one: whatever is not replaced goes to the inner one. */
import type { Model } from '../contracts/index.ts';

export function wrapModel(
  inner: Model,
  own: Pick<Model, 'complete'> & Partial<Pick<Model, 'contextTokens' | 'close'>>,
): Model {
  return {
    id: inner.id,
    contextTokens: own.contextTokens ?? inner.contextTokens,
    ...(inner.standsFor === undefined ? {} : { standsFor: inner.standsFor }),
    complete: own.complete,
    close: own.close ?? (() => inner.close()),
  };
}
