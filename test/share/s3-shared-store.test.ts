import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openS3SharedStore } from '../../src/share/s3-shared-store.ts';
import { sharedStoreCases } from '../contracts/shared-store-contract.ts';
import { describeRequiring } from '../support/requirements.ts';
import { type S3Server, s3Problem, startS3 } from '../support/s3-server.ts';
import { withEnvironment } from '../support/with-environment.ts';

describeRequiring('s3', s3Problem(), 'shared store: S3', () => {
  let server: S3Server;
  let restore: () => void;
  beforeAll(async () => {
    server = await startS3();
    restore = withEnvironment(server.env);
  });
  afterAll(async () => {
    restore();
    await server.close();
  });
  const open = (place = `${server.bucket}/some/folder`) => openS3SharedStore(new URL(`s3://${place}`));

  sharedStoreCases(open);

  test('two prefixes of a bucket know nothing of each other', async () => {
    const [one, two] = [await open(`${server.bucket}/one`), await open(`${server.bucket}/two`)];
    await one.put('a/b', 'text', null);
    expect(await two.get('a/b')).toBeNull();
    expect(await two.versions('a')).toEqual(new Map());
    for (const store of [one, two]) await store.close();
  });

  test('a killed server is out of reach, and reached again by the same client', async () => {
    const store = await open();
    const version = await store.put('outage/key', 'before', null);
    await server.kill();
    await expect(store.put('outage/key', 'during', version)).rejects.toMatchObject({ code: 'store-unreachable' });
    await expect(store.versions('outage')).rejects.toMatchObject({ code: 'store-unreachable', retryable: true });
    await server.start();
    expect(await store.get('outage/key')).toEqual({ text: 'before', version });
    await store.close();
  });

  test('a bucket that is not there is refused', async () => {
    await expect(open('another-bucket')).rejects.toMatchObject({ code: 'config-invalid' });
  });
});

describe('an S3 service that is not fit', () => {
  test('one that ignores conditions is refused before anything is shared', async () => {
    const careless = createServer((request, response) => {
      request.resume();
      response.setHeader('etag', '"0123456789abcdef0123456789abcdef"').end();
    });
    await new Promise<void>((resolve) => careless.listen(0, '127.0.0.1', resolve));
    const { port } = careless.address() as AddressInfo;
    const restore = withEnvironment({
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'secret',
    });
    try {
      await expect(openS3SharedStore(new URL('s3://evals/x'))).rejects.toMatchObject({
        code: 'config-invalid',
        message: expect.stringContaining('conditional writes'),
      });
    } finally {
      restore();
      careless.closeAllConnections();
      careless.close();
    }
  });
});
