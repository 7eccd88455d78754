import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import { withImage } from '../../src/cli/sandbox-flags.ts';
import { type SandboxBackend, sandboxLimitsSchema } from '../../src/contracts/index.ts';
import { filterInstances } from '../../src/dataset/filter-instances.ts';
import { loadDataset } from '../../src/dataset/load-dataset.ts';
import { createEnvironmentBuilder } from '../../src/environment/environment-builder.ts';
import { createImageStore } from '../../src/environment/oci/image-store.ts';
import { gradeAttempt } from '../../src/grading/grade-attempt.ts';
import { validate } from '../../src/run/validate.ts';
import { createDockerBackend } from '../../src/sandbox/docker/docker-backend.ts';
import { createEngineImages } from '../../src/sandbox/docker/engine-images.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import type { SwebenchInstance } from '../../src/swebench/contracts.ts';
import { createImageEnvironments } from '../../src/swebench/environment/image-environments.ts';
import { registryProblem, startDockerRegistry } from '../support/docker-registry.ts';
import { engineProblem, engineTestImage, rootArchive } from '../support/engine-image.ts';
import { pushLayout, writeLayout } from '../support/image-builder.ts';
import { describeRequiring } from '../support/requirements.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-image-environment-'));
chmodSync(home, 0o711);
afterAll(() => rmSync(home, { recursive: true, force: true }));
const paths = assayPaths(join(home, 'store'));
const native = () => createNativeBackend({ paths, tier: 'helper', images: createImageStore({ paths }) });
const tasks = filterInstances(await loadDataset('tasks/starter'), {
  instances: ['shelf-short-pages', 'almanac-month-end'],
});

const verdicts = async (backend: SandboxBackend, image: string) => {
  try {
    const environments = createEnvironmentBuilder({ backend, paths });
    const report = await validate({
      dataset: withImage(tasks, image),
      ports: { backend, environments, gradeAttempt },
      jobs: 2,
      sandboxLimits: sandboxLimitsSchema.parse({}),
    });
    return report.instances.map((one) => [
      one.instanceId,
      one.gold.map(({ verdict }) => verdict),
      one.empty.map(({ verdict }) => verdict),
    ]);
  } finally {
    await backend.close();
  }
};
const expected = [
  ['almanac-month-end', ['resolved'], ['unresolved']],
  ['shelf-short-pages', ['resolved'], ['unresolved']],
];

const probed = native();
const probe = await probed.probe();
await probed.close();
const archive = await rootArchive().catch((error: Error) => error);
const nativeProblem = probe.available
  ? archive instanceof Error
    ? archive.message
    : undefined
  : probe.notes.join(' ');

describeRequiring('unpacking', nativeProblem, 'tasks on an image, without a container engine', () => {
  test('are built and graded as on the host', async () => {
    const layout = join(home, 'layout');
    await writeLayout(layout, 'root', [{ layers: [readFileSync(String(archive))], compress: (tar) => tar }]);
    expect(await verdicts(native(), `oci:${layout}:root`)).toEqual(expected);
    // What was built for others says nothing of the programs that this task needs.
    const backend = native();
    const [instance] = withImage(tasks, `oci:${layout}:root`).instances;
    if (instance === undefined) throw new Error('no task');
    const { environment } = instance.task;
    const more = { ...instance, task: { ...instance.task, environment: { ...environment, tools: ['no-such-tool'] } } };
    const ensured = createEnvironmentBuilder({ backend, paths }).ensure(more, new AbortController().signal);
    await expect(ensured).rejects.toThrow('has no no-such-tool');
    await backend.close();
  });

  test('an image without what grading calls is refused in words', async () => {
    const layout = join(home, 'bare');
    await writeLayout(layout, 'bare', [
      { layers: [readFileSync(String(archive))], compress: (tar) => tar, config: { Env: ['PATH=/nowhere'] } },
    ]);
    const backend = native();
    const [instance] = withImage(tasks, `oci:${layout}:bare`).instances;
    if (instance === undefined) throw new Error('no task');
    const ensured = createEnvironmentBuilder({ backend, paths }).ensure(instance, new AbortController().signal);
    await expect(ensured).rejects.toMatchObject({
      code: 'environment-tool-missing',
      message: expect.stringMatching(/has no .*git/),
    });
    await backend.close();
  });
});

const registryMissing = nativeProblem ?? (await registryProblem());

describeRequiring('docker-registry', registryMissing, 'tasks on an image from a registry', () => {
  test('are built and graded as on the host', async () => {
    const layout = join(home, 'pushed');
    const top = await writeLayout(layout, 'root', [
      { layers: [readFileSync(String(archive))], compress: (tar) => tar },
    ]);
    const registry = await startDockerRegistry();
    try {
      await pushLayout(layout, top, `http://${registry.host}`, 'team/root', 'v1');
      expect(await verdicts(native(), `${registry.host}/team/root:v1`)).toEqual(expected);
    } finally {
      await registry.close();
    }
  });
});

const engineImage = await engineTestImage();
const docker = () => createDockerBackend({ paths });
const dockerProblem = engineImage.problem ?? (await engineProblem(docker()));

describeRequiring('docker', dockerProblem, 'tasks on an image of a container engine', () => {
  test('images are found by name, with what they say of themselves', async () => {
    const images = createEngineImages();
    const found = await images.find(engineImage.problem === undefined ? engineImage.image : '');
    expect(found).toMatchObject({ digest: expect.stringMatching(/^sha256:/), workdir: expect.stringMatching(/^\//) });
    const environments = createImageEnvironments(images);
    const row = { instance_id: 'a__b-1', base_commit: 'c', image: found?.digest } as SwebenchInstance;
    const environment = await environments.ensure(row, new AbortController().signal);
    expect(environment).toMatchObject({
      cached: true,
      base: { kind: 'image' },
      digest: await environments.digest(row),
    });
    expect(await images.find('assay.local/nobody-has-this:1')).toBeUndefined();
    await expect(images.pull('127.0.0.1:1/none:1', new AbortController().signal)).rejects.toMatchObject({
      code: 'sandbox-create-failed',
    });
  });

  test('have the same verdicts', async () => {
    expect(await verdicts(docker(), engineImage.problem === undefined ? engineImage.image : '')).toEqual(expected);
  });
});
