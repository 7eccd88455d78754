/** The published image of an instance as its environment; whether it can be had is the backend's to say. */
import { digestOf } from '../../base/digest.ts';
import { AssayError } from '../../contracts/index.ts';
import type { SwebenchInstance } from '../contracts.ts';
import { TESTBED } from './environment-scripts.ts';
import type { SwebenchEnvironments } from './swebench-environments.ts';

/** What the images themselves set is added to this by the backend. */
const IMAGE_ENV: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
};

export function createImageEnvironments(): SwebenchEnvironments {
  const of = (instance: SwebenchInstance) => {
    if (instance.image === undefined) {
      const message = `${instance.instance_id} names no image`;
      throw new AssayError('task-invalid', message, { class: 'input', retryable: false });
    }
    return { reference: instance.image, digest: digestOf({ image: instance.image }) };
  };
  return {
    digest: async (instance) => of(instance).digest,
    async ensure(instance) {
      const { reference, digest } = of(instance);
      return {
        digest,
        base: { kind: 'image', reference },
        layers: [],
        workdir: TESTBED,
        env: { ...IMAGE_ENV },
        baseCommit: instance.base_commit,
        cached: true,
        buildMs: 0,
      };
    },
  };
}
