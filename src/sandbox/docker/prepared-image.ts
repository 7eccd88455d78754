/**
 * Images with the agent and the working directory in them, made once from an image and then started any number of times: putting files into each new container
 * would cost more than its start. Whatever lay in their place is overwritten, so that no snapshot can bring an agent of its own.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { digestOf, sha256 } from '../../base/digest.ts';
import { ownIdentity } from '../../base/process-identity.ts';
import { Container } from './container.ts';
import { AGENT_PATH, FILTER_PATH, LABEL } from './container-config.ts';
import type { EngineClient } from './engine-client.ts';
import { type EngineImage, inspectImage } from './engine-image.ts';

export const PREPARED_REPOSITORY = 'assay.local/prepared';

export interface AgentFiles {
  agent: Buffer;
  /** The system-call filter. */
  filter: Buffer;
}

export class PreparedImages {
  private readonly engine: EngineClient;
  private readonly known = new Map<string, Promise<string>>();

  constructor(engine: EngineClient) {
    this.engine = engine;
  }

  /** Name of the image to start. Made once, also when many ask at once. */
  get(image: EngineImage, files: AgentFiles, workdir: string): Promise<string> {
    const key = digestOf({ image: image.id, agent: sha256(files.agent), filter: sha256(files.filter), workdir });
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const name = this.prepare(image, files, workdir, key.slice('sha256:'.length));
    this.known.set(key, name);
    name.catch(() => this.known.delete(key)); // the next one tries anew
    return name;
  }

  /** What is known may be gone. */
  forget(): void {
    this.known.clear();
  }

  private async prepare(image: EngineImage, files: AgentFiles, workdir: string, tag: string): Promise<string> {
    const name = `${PREPARED_REPOSITORY}:${tag}`;
    if ((await inspectImage(this.engine, name)) !== undefined) return name;
    const labels = {
      [LABEL.sandbox]: '1',
      [LABEL.owner]: JSON.stringify(await ownIdentity()),
      [LABEL.host]: hostname(),
    };
    const config = { Image: image.id, Entrypoint: [AGENT_PATH], Cmd: [FILTER_PATH], Labels: labels };
    const container = await Container.create(this.engine, `assay-prepare-${randomBytes(8).toString('hex')}`, config);
    try {
      // Its owner is root: a user of the image must be able to write there, too.
      const folder = { path: workdir, mode: image.asRoot ? 0o755 : 0o777 };
      await container.put(
        [
          { path: AGENT_PATH, mode: 0o755, content: files.agent },
          { path: FILTER_PATH, mode: 0o644, content: files.filter },
        ],
        (await container.exists(workdir)) ? [] : [folder],
      );
      await container.commit(PREPARED_REPOSITORY, tag);
    } finally {
      await container.remove();
    }
    return name;
  }
}
