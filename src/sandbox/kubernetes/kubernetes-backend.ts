/**
 * Sandboxes as plain pods of a Kubernetes cluster, one each. The pod's first process is the agent that containers have, too; one exec stream per pod carries a
 * session that outlives the stream. Nothing but core API of every version since 1.19 is used.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { digestOf, sha256 } from '../../base/digest.ts';
import { type AssayPaths, assayPaths } from '../../base/paths.ts';
import {
  AssayError,
  type BackendProbe,
  type GcReport,
  type ImageFacts,
  type LayerRef,
  type Sandbox,
  type SandboxBackend,
  type SandboxSpec,
} from '../../contracts/index.ts';
import { AgentConnection } from '../docker/agent-connection.ts';
import { Cluster } from './cluster.ts';
import { type ClusterAccess, openClusterAccess } from './cluster-access.ts';
import { ClusterImages, digestOfImage, parseDescription, pinnedReference } from './cluster-images.ts';
import { refusedAs } from './cluster-refusal.ts';
import type { FileManifest } from './file-manifest.ts';
import { KubernetesSandbox, POD_LIMITS } from './kubernetes-sandbox.ts';
import { type KubernetesSettings, readKubernetesSettings } from './kubernetes-settings.ts';
import { LayerArchives } from './layer-archives.ts';
import { NetworkCheck } from './network-check.ts';
import { collectLeases } from './owner-lease.ts';
import { isResourceFailure } from './pod-failure.ts';
import type { PodWish } from './pod-maker.ts';
import { AGENT } from './pod-spec.ts';
import { askCluster, probeSpec } from './probe-cluster.ts';
import { ResourceFactors } from './resource-factors.ts';
import { putLayers, takeLayer, walkFiles } from './sandbox-layers.ts';
import { SandboxPod } from './sandbox-pod.ts';

export interface KubernetesBackendOptions {
  paths?: AssayPaths;
  /** Default: of the file that `ASSAY_KUBERNETES` names. */
  settings?: KubernetesSettings;
  /** Default: as the settings say. */
  access?: ClusterAccess;
  /** How long a call waits for an API server that is away. Default one minute. */
  patienceMs?: number;
}

/** Nothing is asked of the cluster before the first call. */
export function createKubernetesBackend(options: KubernetesBackendOptions = {}): SandboxBackend {
  return new KubernetesBackend(options);
}

class KubernetesBackend implements SandboxBackend {
  readonly name = 'kubernetes';
  private readonly options: KubernetesBackendOptions;
  private readonly paths: AssayPaths;
  private readonly archives: LayerArchives;
  private readonly images: ClusterImages;
  private readonly network = new NetworkCheck();
  private readonly open = new Set<KubernetesSandbox>();
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly walks = new Map<string, Promise<FileManifest>>();
  private factors = new ResourceFactors(1);
  private opened: Promise<Cluster> | undefined;

  constructor(options: KubernetesBackendOptions) {
    this.options = options;
    this.paths = options.paths ?? assayPaths();
    this.archives = new LayerArchives(join(this.paths.home, 'kubernetes', 'layers'));
    this.images = new ClusterImages(this.paths);
  }

  async probe(): Promise<BackendProbe> {
    try {
      const cluster = await this.cluster();
      const notes = await askCluster(cluster);
      const { probeImage } = cluster.settings;
      if (probeImage !== undefined) await (await this.create(probeSpec(probeImage))).destroy();
      return { backend: this.name, tier: 'pod', available: true, notes, limitsInForce: POD_LIMITS };
    } catch (error) {
      const { hint } = error as { hint?: string };
      const notes = [(error as Error).message, ...(hint === undefined ? [] : [hint])];
      return { backend: this.name, tier: 'pod', available: false, notes };
    }
  }

  create(spec: SandboxSpec, signal?: AbortSignal): Promise<Sandbox> {
    return this.untilClosed(this.createNow(spec, signal));
  }

  describeImage(reference: string, signal?: AbortSignal): Promise<ImageFacts> {
    return this.untilClosed(this.describeNow(reference, signal));
  }

  private async createNow(spec: SandboxSpec, signal?: AbortSignal): Promise<Sandbox> {
    if (spec.base.kind !== 'image') {
      throw new AssayError('sandbox-unavailable', 'the kubernetes backend runs images only, not the host base', {
        class: 'input',
        retryable: false,
        hint: 'Give the task an image, or use the native backend.',
      });
    }
    const image = await this.images.pullable(spec.base.reference);
    const task = spec.labels?.instance ?? image;
    const factor = this.factors.of(task);
    const pod = await this.startPod({ spec, image, factor }, signal);
    try {
      return await this.sandboxIn(pod, spec, (failure) => {
        if (isResourceFailure(failure)) this.factors.raise(task, factor);
      });
    } catch (error) {
      await pod.remove().catch(() => {}); // the cluster removes it with its owner
      throw unusable(pod, error as Error);
    }
  }

  private async describeNow(reference: string, signal?: AbortSignal): Promise<ImageFacts> {
    const image = await this.images.pullable(reference);
    const pod = await this.startPod({ spec: probeSpec(image), image, factor: 1 }, signal);
    try {
      const { exitCode, message, output } = await pod.run([AGENT, 'describe']);
      if (exitCode !== 0) throw new Error(message);
      const facts = { digest: baseDigest(pod, image), ...parseDescription(output) };
      await this.images.keep(reference, { ...facts, reference: pinnedReference(image, pod.imageId) });
      return facts;
    } catch (error) {
      throw unusable(pod, error as Error);
    } finally {
      await pod.remove();
    }
  }

  hasLayer(layer: LayerRef): Promise<boolean> {
    return this.archives.has(layer);
  }

  async removeLayer(layer: LayerRef): Promise<boolean> {
    await this.archives.remove(layer); // pods have copies
    return true;
  }

  async gc(): Promise<GcReport> {
    const { client, namespace } = await this.cluster();
    return refusedAs('to tell what is left over', () => collectLeases(client, namespace));
  }

  async close(): Promise<void> {
    const cluster = await this.opened;
    cluster?.stopStarts();
    await Promise.allSettled(this.underWay);
    await Promise.all([...this.open].map((sandbox) => sandbox.destroy()));
    await cluster?.close();
  }

  private async startPod(wish: Omit<PodWish, 'name'>, signal?: AbortSignal): Promise<SandboxPod> {
    return SandboxPod.start(await this.cluster(), { ...wish, name: podName() }, signal);
  }

  /** `close` waits for it, so that nothing starts behind its back. */
  private untilClosed<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    return work.finally(() => this.underWay.delete(work));
  }

  /** The agent of a running pod, the layers put in, as a sandbox. */
  private async sandboxIn(
    pod: SandboxPod,
    spec: SandboxSpec,
    onFailure: ConstructorParameters<typeof KubernetesSandbox>[0]['onFailure'],
  ): Promise<KubernetesSandbox> {
    const { settings } = await this.cluster();
    const session = pod.openSession();
    const agent = new AgentConnection(session);
    try {
      await agent.hello();
      if (spec.network === 'none' && settings.networkPolicy === 'demanded') await this.network.demandHeld(pod);
      const start = (argv: readonly string[]) =>
        agent.spawn({ argv, cwd: '/', env: { ...spec.env, LC_ALL: 'C' }, merge: false });
      const sinceNs =
        spec.layers.length === 0 ? await session.started : await putLayers(start, this.archives, spec.layers);
      const base = baseDigest(pod, spec.base.kind === 'image' ? spec.base.reference : '');
      const storeLayer = async (): Promise<LayerRef> => {
        const before = await this.untouched(base, spec);
        const { layer, files } = await takeLayer({
          start,
          archives: this.archives,
          before,
          sinceNs,
          diskBytes: spec.limits.diskBytes,
        });
        await this.archives.keepManifest(base, [...spec.layers, layer], files);
        return layer;
      };
      const sandbox: KubernetesSandbox = new KubernetesSandbox({
        spec,
        pod,
        agent,
        storeLayer,
        create: (forked) => this.create(forked),
        onFailure,
        onEnd: () => this.open.delete(sandbox),
      });
      this.open.add(sandbox);
      return sandbox;
    } catch (error) {
      agent.close();
      throw error;
    }
  }

  /** The files of a sandbox on these layers before anybody touched them; a pod of its own is asked once. */
  private async untouched(base: string, spec: SandboxSpec): Promise<FileManifest> {
    const known = await this.archives.manifest(base, spec.layers);
    if (known !== undefined) return known;
    const key = digestOf({ base, layers: spec.layers });
    const walk = this.walks.get(key) ?? this.walk(base, spec);
    this.walks.set(key, walk);
    return walk.finally(() => this.walks.delete(key));
  }

  private async walk(base: string, spec: SandboxSpec): Promise<FileManifest> {
    const sandbox = await this.create({ ...spec, workdir: '/', labels: { purpose: 'list of files' } });
    try {
      const files = await walkFiles((argv) => sandbox.spawn(argv, { cwd: '/', env: { LC_ALL: 'C' } }));
      await this.archives.keepManifest(base, spec.layers, files);
      return files;
    } finally {
      await sandbox.destroy();
    }
  }

  private cluster(): Promise<Cluster> {
    this.opened ??= this.openCluster().catch((error: unknown) => {
      this.opened = undefined;
      throw error;
    });
    return this.opened;
  }

  private async openCluster(): Promise<Cluster> {
    const settings = this.options.settings ?? (await readKubernetesSettings(process.env.ASSAY_KUBERNETES));
    const { kubeconfig, context } = settings;
    const choice = {
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    };
    this.factors = new ResourceFactors(settings.maxResourceFactor);
    const access = this.options.access ?? (await openClusterAccess(choice));
    return new Cluster({ access, settings, paths: this.paths, patienceMs: this.options.patienceMs });
  }
}

function podName(): string {
  return `assay-${randomBytes(8).toString('hex')}`;
}

/** Where a node does not say which image it runs, its name stands for it. */
function baseDigest(pod: SandboxPod, reference: string): string {
  return digestOfImage(pod.imageId) ?? sha256(reference);
}

/** A pod that came up, and could not be made a sandbox. */
function unusable(pod: SandboxPod, cause: Error): AssayError {
  if (cause instanceof AssayError) return cause;
  return (
    pod.refusal ??
    new AssayError('sandbox-create-failed', `pod ${pod.name} could not be used: ${cause.message}`, {
      class: 'infra',
      retryable: true,
      cause,
    })
  );
}
