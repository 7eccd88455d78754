import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { counted } from '../../base/counted.ts';
import { type AssayPaths, assayPaths } from '../../base/paths.ts';
import { AssayError, type LocalImage } from '../../contracts/index.ts';
import { type Exported, exportImage } from '../../environment/oci/export-image.ts';
import { createImageStore } from '../../environment/oci/image-store.ts';
import { demandPushName, pushImage } from '../../environment/oci/push-image.ts';
import { environmentImage, type ImageContent } from '../environment-image.ts';
import { defineCommand } from '../flag.ts';
import { withInterrupt } from '../interrupt.ts';
import { print } from '../output.ts';
import { REPOSITORIES } from '../swebench-grading.ts';

const megabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MB`;

const PLATFORM = {
  kind: 'string',
  placeholder: 'os/arch',
  help: 'such as linux/arm64; without it the one that runs on this machine',
} as const;

export const envPullCommand = defineCommand({
  name: 'env pull',
  summary: 'get images and unpack their layers, without a container engine',
  description:
    'An image is named as for docker (debian:12, ghcr.io/a/b@sha256:...), or oci:FOLDER[:TAG], docker-archive:FILE[:NAME], docker-daemon:NAME. Credentials are those of docker login.',
  arguments: [{ name: 'image', count: 'many', help: 'name of an image' }],
  flags: { platform: PLATFORM },
  examples: ['assay env pull python:3.12-slim', 'assay env pull oci:./layout:v1 docker-archive:image.tar'],
  async run({ args, flags }) {
    const paths = assayPaths();
    const store = createImageStore({ paths, ...(flags.platform === undefined ? {} : { platform: flags.platform }) });
    const images = await withInterrupt(async (signal) => {
      const pulled: (LocalImage & { name: string })[] = [];
      for (const name of args) {
        const progress = (line: string) => (flags.quiet ? undefined : process.stderr.write(`${name}: ${line}\n`));
        pulled.push({ name, ...(await store.pull(name, signal, progress)) });
      }
      return pulled;
    });
    const rows = images.map(
      (image) =>
        `${image.name}  ${image.pin ?? image.digest}  ${image.platform}  ${counted(image.layers.length, 'layer')}\n`,
    );
    print(flags.json, images, rows.join(''));
    return 0;
  },
});

export const envExportCommand = defineCommand({
  name: 'env export',
  summary:
    'a pulled image, or the environment of a task on one, as an OCI layout, a file for docker load, or into a registry',
  arguments: [
    {
      name: 'image',
      help: 'the name it was pulled under, or its digest; with a second argument a set of tasks',
      count: 'one',
    },
    {
      name: 'instance',
      help: 'a task of the set, or of a SWE-bench data set with --repos: its environment is built when it is not there',
      count: 'optional',
    },
  ],
  flags: {
    output: {
      kind: 'string',
      short: 'o',
      placeholder: 'path',
      help: 'a new folder, or a new file that ends with .tar',
    },
    push: { kind: 'string', placeholder: 'name:tag', help: 'into this registry, under this name' },
    name: {
      kind: 'string',
      placeholder: 'name:tag',
      default: 'assay/export:latest',
      help: 'what the image is called in --output',
    },
    on: { kind: 'string', placeholder: 'image', help: 'the image under a task that names none' },
    repos: REPOSITORIES,
    split: { kind: 'string', short: 's', default: 'test', placeholder: 'name', help: 'split of a SWE-bench data set' },
    platform: PLATFORM,
  },
  examples: [
    'assay env export debian:12 --output debian.tar --name my/debian:12',
    'assay env export tasks/starter shelf-short-pages --on python:3.12 --push registry.example/tasks/shelf:1',
    'assay env export verified pallets__flask-5014 --repos ~/repositories --on my/base:1 --output flask.tar',
  ],
  async run({ args, flags }) {
    const [reference = '', instance] = args;
    if ((flags.output === undefined) === (flags.push === undefined))
      throw new AssayError('usage', 'env export needs --output or --push', {
        class: 'input',
        hint: 'Name a new folder or .tar file, or else a place in a registry.',
      });
    if (flags.push !== undefined) demandPushName(flags.push);
    if (/\.(tar\.\w+|tgz|gz|zst|xz|zip)$/.test(flags.output ?? ''))
      throw new AssayError('usage', `${flags.output} is neither a folder nor a .tar file`, {
        class: 'input',
        hint: 'Layers are compressed inside: name a file that ends with .tar.',
      });
    const output = resolve(flags.output ?? '');
    const paths = assayPaths();
    const say = (line: string) => (flags.quiet ? undefined : process.stderr.write(`${line}\n`));
    const exported = await withInterrupt(async (signal) => {
      const content =
        instance === undefined
          ? await pulledImage(paths, reference, flags.platform)
          : await environmentImage({ ...flags, set: reference, id: instance, under: flags.on, signal, say });
      return writeOut(paths, content, { output, push: flags.push, name: flags.name, signal, say });
    });
    const place = flags.push ?? output;
    print(flags.json, { ...exported, place }, `${place}  ${exported.digest}  ${megabytes(exported.bytes)}\n`);
    return 0;
  },
});

async function pulledImage(paths: AssayPaths, reference: string, platform: string | undefined): Promise<ImageContent> {
  const store = createImageStore({ paths, ...(platform === undefined ? {} : { platform }) });
  const image = await store.find(reference);
  if (image !== undefined) return { image, extraLayers: [] };
  throw new AssayError('image-not-found', `${reference} is not on this machine`, {
    class: 'input',
    hint: `Get it with \`assay env pull ${reference}\`.`,
  });
}

interface Target {
  /** A new folder or file. */
  output: string;
  /** A name in a registry, instead. */
  push: string | undefined;
  /** Of the image in `output`. */
  name: string;
  signal: AbortSignal;
  say: (line: string) => void;
}

async function writeOut(paths: AssayPaths, { image, extraLayers }: ImageContent, to: Target): Promise<Exported> {
  const { signal, say, name } = to;
  const write = (target: string) =>
    exportImage({ layers: paths.layers, image, extraLayers, target, name, signal, onProgress: say });
  if (to.push === undefined) return write(to.output);
  const folder = await mkdtemp(join(tmpdir(), 'assay-push-'));
  try {
    const layout = join(folder, 'layout');
    const exported = await write(layout);
    await pushImage(layout, to.push, { signal, onProgress: say });
    return exported;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
