/**
 * Numbers the tries of each call. A reply that came (2xx) but cannot be used (cut off, malformed) stays in the courier's journal under its number, and the next try has the next
 * number. Failures before a reply, and those of the courier itself, do not count. So a resumed run walks through the same numbers and finds what was paid for.
 */
import type { Model, ModelCallOptions } from '../../contracts/index.ts';
import { wrapModel } from '../wrap-model.ts';
import type { Courier, CourierFetch } from './courier-client.ts';

export class CourierCalls {
  private readonly courier: Courier;
  private readonly idleMs: number;
  private readonly unusable = new Map<string, number>();
  private readonly latest = new Map<string, CourierFetch>();

  constructor(courier: Courier, idleMs: number) {
    this.courier = courier;
    this.idleMs = idleMs;
  }

  /** The way of the next try of this call. */
  begin(callKey: string): CourierFetch {
    const through = this.courier.fetchFor(`${callKey}#${this.unusable.get(callKey) ?? 0}`, this.idleMs);
    this.latest.set(callKey, through);
    return through;
  }

  /** Wraps the model that calls `begin`, one try at a time. */
  counting(inner: Model): Model {
    return wrapModel(inner, {
      complete: async (request, call: ModelCallOptions) => {
        try {
          return await inner.complete(request, call);
        } catch (error) {
          // Whoever aborts may ask again, and then wants the reply that was on its way.
          if (!call.signal.aborted && this.latest.get(call.callKey)?.kept() === true)
            this.unusable.set(call.callKey, (this.unusable.get(call.callKey) ?? 0) + 1);
          throw error;
        } finally {
          this.latest.delete(call.callKey);
        }
      },
    });
  }
}
