import { resolve } from 'node:path';
import { assayPaths } from '../../base/paths.ts';
import { AssayError, type LocalImage } from '../../contracts/index.ts';
import { exportImage } from '../../environment/oci/export-image.ts';
import { createImageStore } from '../../environment/oci/image-store.ts';
import { defineCommand } from '../flag.ts';
import { withInterrupt } from '../interrupt.ts';
import { print } from '../output.ts';

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
      (image) => `${image.name}  ${image.digest}  ${image.platform}  ${image.layers.length} layers\n`,
    );
    print(flags.json, images, rows.join(''));
    return 0;
  },
});

export const envExportCommand = defineCommand({
  name: 'env export',
  summary: 'write a pulled image as an OCI layout, or as a file for docker load',
  arguments: [{ name: 'image', count: 'one', help: 'the name it was pulled under, or its digest' }],
  flags: {
    output: {
      kind: 'string',
      short: 'o',
      placeholder: 'path',
      help: 'a new folder, or a new file that ends with .tar',
    },
    name: {
      kind: 'string',
      placeholder: 'name:tag',
      default: 'assay/export:latest',
      help: 'what the image is called there',
    },
    platform: PLATFORM,
  },
  examples: ['assay env export debian:12 --output debian.tar --name my/debian:12'],
  async run({ args, flags }) {
    const [reference = ''] = args;
    if (flags.output === undefined)
      throw new AssayError('usage', 'env export needs --output', {
        class: 'input',
        hint: 'Name a new folder or .tar file.',
      });
    const target = resolve(flags.output);
    const paths = assayPaths();
    const store = createImageStore({ paths, ...(flags.platform === undefined ? {} : { platform: flags.platform }) });
    const image = await store.find(reference);
    if (image === undefined) {
      throw new AssayError('image-not-found', `${reference} is not on this machine`, {
        class: 'input',
        hint: `Get it with \`assay env pull ${reference}\`.`,
      });
    }
    const exported = await withInterrupt((signal) =>
      exportImage({
        layers: paths.layers,
        image,
        target,
        name: flags.name,
        signal,
        ...(flags.quiet ? {} : { onProgress: (line) => process.stderr.write(`${line}\n`) }),
      }),
    );
    print(flags.json, { ...exported, path: target }, `${target}  ${exported.digest}  ${megabytes(exported.bytes)}\n`);
    return 0;
  },
});
