/** Puts the parts together for the commands: the place that knows the implementations by name. */
import { join, resolve } from 'node:path';
import { createToolSet, toolTypesFor } from '../agent/tool-set.ts';
import { createTwoToolAgent } from '../agent/two-tool-agent.ts';
import { type AssayPaths, assayPaths } from '../base/paths.ts';
import { isTreated } from '../base/random-assignment.ts';
import {
  type Agent,
  type AgentLimits,
  AssayError,
  type Critic,
  type EnvironmentBuilder,
  type ImageStore,
  type Model,
  type RunManifest,
} from '../contracts/index.ts';
import { collectStore } from '../environment/collect-store.ts';
import { createEnvironmentBuilder } from '../environment/environment-builder.ts';
import { createImageStore } from '../environment/oci/image-store.ts';
import { capturePatch } from '../grading/capture-patch.ts';
import { recordingModel } from '../model/cassette.ts';
import { startOrAttachCourier } from '../model/courier/courier-client.ts';
import { lookaheadModel } from '../model/lookahead-model.ts';
import { openModel } from '../model/open-model.ts';
import { Budget, budgetedModel, demandPrice, type Spending } from '../model/priced-model.ts';
import { openPriceBook } from '../model/prices/price-book.ts';
import { warmUpModel } from '../model/warm-up-model.ts';
import { openUserTool } from '../payout/e2e/user-visits.ts';
import { gradeByKind } from '../payout/grade-by-kind.ts';
import type { GradePorts, RunPorts } from '../run/ports.ts';
import { tryInForks } from '../run/try-in-forks.ts';
import { workTreeCheckpoints } from '../run/work-tree-checkpoints.ts';
import { hostShortage } from '../sandbox/host-pressure.ts';
import { layersInUse } from '../sandbox/native/sandbox-records.ts';
import { openWorkspace } from '../sandbox/workspace.ts';
import type { ModelSettings } from './model-settings.ts';
import { openSandboxes, type Sandboxes } from './open-sandboxes.ts';
import { parseBytes } from './parse-bytes.ts';
import type { SandboxChoice } from './sandbox-flags.ts';

export interface Engine extends Sandboxes {
  paths: AssayPaths;
  environments: EnvironmentBuilder;
  images: ImageStore;
  gradePorts: GradePorts;
  close(): Promise<void>;
}

/** Sandboxes, environments and grading. Throws `sandbox-unavailable` with the reasons when no sandbox works here. */
export async function openEngine(choice: SandboxChoice = { sandbox: 'native' }): Promise<Engine> {
  const paths = assayPaths();
  const images = createImageStore({ paths });
  const { backend, imageSupply, hostBase } = await openSandboxes(choice, paths, images);
  const probe = await backend.probe();
  if (probe.refusal !== undefined) {
    throw new AssayError('usage', probe.refusal, {
      class: 'input',
      retryable: false,
      hint: 'ASSAY_SERVER_KEY holds the key that `assay keys add NAME` printed at the server; it needs the scope sandboxes.',
    });
  }
  if (!probe.available) {
    throw new AssayError('sandbox-unavailable', `no sandbox works on this machine:\n  ${probe.notes.join('\n  ')}`, {
      class: 'infra',
      retryable: false,
      hint: 'Run `assay doctor` to see what is missing and how to get it.',
    });
  }
  const environments = createEnvironmentBuilder({ backend, paths, hostBase, onBuilt: () => keepToBudget(paths) });
  return {
    paths,
    backend,
    environments,
    images,
    imageSupply,
    hostBase,
    gradePorts: { backend, environments, gradeAttempt: gradeByKind },
    close: () => backend.close(),
  };
}

/** Where `ASSAY_DISK_BUDGET` says how much room layers may take. */
export async function keepToBudget(paths: AssayPaths): Promise<void> {
  const budget = process.env.ASSAY_DISK_BUDGET;
  if (!budget) return;
  await collectStore(paths, {
    budgetBytes: parseBytes(budget),
    unusedForMs: Number.POSITIVE_INFINITY,
    inUse: await layersInUse(paths),
  });
}

/** In one attempt. */
const MAX_INTERVENTIONS = 3;

export function openAgent(settings: ModelSettings, prompt: string | undefined): Agent {
  return createTwoToolAgent({
    ...(prompt === undefined ? {} : { prompt }),
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.maxOutputTokens === undefined ? {} : { maxOutputTokens: settings.maxOutputTokens }),
    ...(settings.recover === true
      ? { recovery: { valueFall: settings.recoverFall ?? null, maxInterventions: MAX_INTERVENTIONS } }
      : {}),
  });
}

/** Refuses what cannot work before anything starts: a missing key, an unknown model, a limit in dollars without prices. */
export async function checkModel(settings: ModelSettings, limits: AgentLimits): Promise<void> {
  const model = await openRunModel(settings);
  try {
    const costsAreGiven = /^(replay|scripted):/.test(settings.model);
    if (limits.costUsd !== undefined && !costsAreGiven) demandPrice(model.id, await openPriceBook(settings.prices));
  } finally {
    await model.close();
  }
}

/** Version of the price table that the settings lead to. */
export async function priceVersion(settings: ModelSettings): Promise<string> {
  return (await openPriceBook(settings.prices)).version;
}

/**
 * Opens the model with everything around it. `runDir`: where the courier keeps paid replies; without it nothing is sent (a check of key, name and prices).
 * `spending`: what the run has cost before, or where several processes book it.
 */
export async function openRunModel(
  settings: ModelSettings,
  runDir?: string,
  spending: number | Spending = 0,
): Promise<Model> {
  const prices = await openPriceBook(settings.prices);
  let model = await openModel(settings.model, {
    prices,
    ...(settings.baseUrl === undefined ? {} : { baseUrl: settings.baseUrl }),
    ...(runDir === undefined ? {} : { courier: () => startOrAttachCourier(join(runDir, 'courier')) }),
  });
  if (settings.record !== undefined) model = recordingModel(model, resolve(settings.record));
  if (settings.budgetUsd === undefined) return model;
  return budgetedModel(
    model,
    prices,
    typeof spending === 'number' ? new Budget(settings.budgetUsd, spending) : spending,
  );
}

/** `critic`: opened for the settings that ask for one; stays the caller's. */
export function runPorts(
  engine: Engine,
  manifest: Pick<RunManifest, 'runId' | 'attempts'>,
  settings: ModelSettings,
  agent: Agent,
  openModelNow: () => Promise<Model>,
  critic: Critic | undefined,
): RunPorts {
  return {
    ...engine.gradePorts,
    agent,
    openModel: async () => warmUpModel(await openModelNow()),
    ...(critic === undefined || settings.lookahead === undefined
      ? {}
      : { attemptModel: lookaheadOf(critic, settings.lookahead, settings.lookaheadFork === true) }),
    ...(settings.recover === true
      ? {
          checkpoints: (sandbox, ref) =>
            isTreated({ ...manifest, share: settings.recoverShare ?? 1 }, ref)
              ? workTreeCheckpoints(sandbox)
              : undefined,
        }
      : {}),
    ...(critic === undefined ? {} : { critic }),
    capturePatch,
    hostShortage,
    openUserTool: (sandbox, input) => openUserTool(sandbox, { ...input, backend: engine.backend }),
    openWorkspace: (sandbox, { commandSeconds }) => openWorkspace(sandbox, { timeoutSeconds: commandSeconds }),
  };
}

/** `fork`: each candidate's calls are tried in a copy of the sandbox before the critic values it. */
function lookaheadOf(critic: Critic, count: number, fork: boolean): NonNullable<RunPorts['attemptModel']> {
  return (model, place) => {
    if (!fork) return lookaheadModel(model, { critic, count });
    const newTools = () => createToolSet(toolTypesFor(model.standsFor ?? model.id));
    return lookaheadModel(model, { critic, count, tryReplies: tryInForks({ ...place, newTools, openWorkspace }) });
  };
}
