/** What OpenHands clients ask about images: whether one is there, to build one, and what became of it. */
import { z } from 'zod';
import { AssayError, type FailureCode } from '../../contracts/index.ts';
import { allowedImage } from '../control/spec-policy.ts';
import { tenantImage } from '../control/tenant-spec.ts';
import { HttpProblem, refuse } from '../http/http-problem.ts';
import { readForm } from '../http/read-body.ts';
import type { AccountCall, Reply, Route } from '../http/route.ts';
import type { ServeParts } from '../serve-parts.ts';

const LOOK_MS = 60_000;
/** Of a form with a packed folder in it. */
const MAX_FORM_BYTES = 96 * 1024 ** 2;
/** By these a backend says that it has no such image and cannot get it. */
const ABSENT = new Set<FailureCode>(['image-not-found', 'sandbox-create-failed']);

export function imageRoutes(parts: ServeParts): Route[] {
  return [prefixRoute(parts), existsRoute(parts), buildRoute(parts), buildStatusRoute(parts)];
}

function prefixRoute({ policy }: ServeParts): Route {
  return {
    auth: 'account',
    scope: 'sandboxes',
    method: 'GET',
    path: '/registry_prefix',
    summary: 'OpenHands: where the names of its images begin.',
    handle: async () => ({ status: 200, body: { registry_prefix: policy.registries[0] ?? 'docker.io' } }),
  };
}

function existsRoute(parts: ServeParts): Route {
  return {
    auth: 'account',
    scope: 'sandboxes',
    method: 'GET',
    path: '/image_exists',
    summary: 'OpenHands: whether an image can be had.',
    query: { image: { description: 'as for docker', isRequired: true } },
    async handle({ query, key }: AccountCall): Promise<Reply> {
      const image = await tenantImage(query.get('image') ?? '', key, parts);
      return { status: 200, body: await existence(image, parts) };
    },
  };
}

/** Asks the registry, which costs no pull; then the backend, which may have what no registry has. */
async function existence(image: string, { backend, images }: ServeParts): Promise<Record<string, unknown>> {
  const isDigest = image.startsWith('sha256:');
  const listed = isDigest ? undefined : await images.lookUp(image, AbortSignal.timeout(LOOK_MS)).catch(unreachable);
  if (listed instanceof AssayError || listed === undefined) {
    try {
      const { digest } = await backend.describeImage(image);
      return { exists: true, image: { digest } };
    } catch (error) {
      if (listed !== undefined) throw listed;
      if (error instanceof AssayError && ABSENT.has(error.code)) return { exists: false };
      throw error;
    }
  }
  const { digest, bytes, createdAt } = listed;
  return { exists: true, image: { digest, image_size_bytes: bytes, upload_time: createdAt } };
}

/** A registry that cannot be asked says nothing about what is on this machine. */
function unreachable(error: unknown): AssayError {
  if (error instanceof AssayError && error.code === 'image-pull-failed') return error;
  throw error;
}

function buildRoute(parts: ServeParts): Route {
  const { images, builds, holdings, policy } = parts;
  return {
    auth: 'account',
    scope: 'images',
    method: 'POST',
    path: '/build',
    summary: 'OpenHands: build an image from a folder with a Dockerfile.',
    binary: { body: 'multipart/form-data' },
    async handle({ request, key }: AccountCall): Promise<Reply> {
      const { build } = images;
      if (build === undefined)
        throw new HttpProblem(501, {
          code: 'sandbox-unavailable',
          class: 'infra',
          retryable: false,
          message: 'this server builds no images: it has no container engine',
        });
      const form = await readForm(request, MAX_FORM_BYTES);
      const target = textOf(form, 'target_image');
      const names = [target, ...form.getAll('tags').map(String)].map((name) => allowedImage(name, policy));
      const context = Buffer.from(textOf(form, 'context'), 'base64');
      const id = builds.begin(key.id, target, async (signal) => {
        const digest = await build(context, signal);
        for (const name of new Set(names)) await holdings.add(key.id, digest, { name });
      });
      return { status: 200, body: { build_id: id } };
    },
  };
}

const buildStatusSchema = z.object({ status: z.string(), image: z.string(), error: z.string().optional() });

function buildStatusRoute({ builds }: ServeParts): Route {
  return {
    auth: 'account',
    scope: 'images',
    method: 'GET',
    path: '/build_status',
    summary: 'OpenHands: what became of a build.',
    query: { build_id: { description: 'of the reply to /build', isRequired: true } },
    reply: buildStatusSchema,
    async handle({ query, key }: AccountCall): Promise<Reply> {
      const { status, image, error } = builds.find(key.id, query.get('build_id') ?? '');
      return { status: 200, body: { status, image, ...(error === undefined ? {} : { error }) } };
    },
  };
}

function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  if (typeof value !== 'string' || value === '') throw refuse(400, `${name}: this field of the form is missing`);
  return value;
}
