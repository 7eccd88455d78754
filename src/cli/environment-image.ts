/** The environment of one task, or of one SWE-bench instance, as an image: its variables and its folder are the image's own. */
import { AssayError, type BuiltEnvironment, type LayerRef, type LocalImage } from '../contracts/index.ts';
import { filterInstances } from '../dataset/filter-instances.ts';
import { loadDataset } from '../dataset/load-dataset.ts';
import { isSwebenchReference, loadInstances } from '../swebench/dataset/load-instances.ts';
import { type Engine, openEngine } from './compose.ts';
import { withImage } from './sandbox-flags.ts';
import { datasetCache, openSwebenchEnvironments } from './swebench-grading.ts';

export interface ImageContent {
  image: LocalImage;
  extraLayers: readonly LayerRef[];
}

export interface EnvironmentImageRequest {
  set: string;
  split: string;
  /** Names exactly one. */
  id: string;
  /** The image below, where the task names none. */
  under: string | undefined;
  /** Folders with git repositories, for SWE-bench. */
  repos: readonly string[];
  signal: AbortSignal;
  say: (line: string) => void;
}

/** Builds what is not there. Throws `usage` when the environment stands on no image, and what building throws. */
export async function environmentImage(request: EnvironmentImageRequest): Promise<ImageContent> {
  const engine = await openEngine();
  try {
    const isTable = await isSwebenchReference(request.set, request.split);
    const { base, layers, env, workdir } = await (isTable ? ofTable(engine, request) : ofTask(engine, request));
    const image = base.kind === 'image' ? await engine.images.find(base.reference) : undefined;
    if (image === undefined)
      throw new AssayError('image-not-found', `the image under ${request.id} is gone`, { class: 'infra' });
    const { pin: _, ...own } = image; // leads to the image below
    return { image: { ...own, env, workdir }, extraLayers: layers };
  } finally {
    await engine.close();
  }
}

async function ofTask(engine: Engine, { set, id, under, signal, say }: EnvironmentImageRequest) {
  const { instances } = withImage(filterInstances(await loadDataset(set), { instances: [id] }), under);
  const [instance] = instances;
  if (instance === undefined || instances.length > 1 || instance.task.environment.image === undefined)
    throw new AssayError('usage', `${id} must name one task that stands on an image`, {
      class: 'input',
      retryable: false,
      hint: 'Give the whole id, and an image with --on: an environment on the programs of this machine is no image.',
    });
  return engine.environments.ensure(instance, signal, say);
}

async function ofTable(engine: Engine, request: EnvironmentImageRequest): Promise<BuiltEnvironment> {
  const { set, split, id, under, repos, signal, say } = request;
  const [instance] = await loadInstances(set, { split, instanceIds: [id], cache: datasetCache(engine) });
  if (instance === undefined || repos.length === 0 || under === undefined)
    throw new AssayError('usage', `the environment of ${id} needs --repos and --on`, {
      class: 'input',
      retryable: false,
      hint: 'Name folders with git repositories and an image with bash, git, python3 and its venv. A published image is exported by its own name.',
    });
  return openSwebenchEnvironments(engine, repos, under).ensure(instance, signal, say);
}
