/** gofakes3, an S3 server that holds conditional writes and keeps its data when it is killed: `go install github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0`. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './free-port.ts';
import { type KillableServer, killableServer } from './killable-server.ts';

export function s3Problem(): string | undefined {
  return program() === undefined
    ? 'the program gofakes3 is missing (.ci/run installs it where there is Go)'
    : undefined;
}

export interface S3Server extends KillableServer {
  /** What a client needs in its environment. */
  env: Record<string, string>;
  bucket: string;
  close(): Promise<void>;
}

export async function startS3(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'assay-s3-'));
  const port = await freePort();
  const bucket = 'evals';
  const data = ['-backend', 'bolt', '-bolt.db', join(folder, 's3.db'), '-initialbucket', bucket, '-quiet'];
  const server = killableServer([program() ?? '', '-host', `127.0.0.1:${port}`, ...data], port, { cwd: folder });
  await server.start();
  return {
    ...server,
    bucket,
    env: {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'secret of the test',
      AWS_REGION: 'us-east-1',
    },
    async close() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function program(): string | undefined {
  const gopath = spawnSync('go', ['env', 'GOPATH'], { encoding: 'utf8' }).stdout?.trim() || join(homedir(), 'go');
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(gopath, 'bin')];
  return folders.map((folder) => join(folder, 'gofakes3')).find((path) => existsSync(path));
}
