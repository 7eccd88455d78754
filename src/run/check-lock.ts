/** A run goes on only with what it began with. */
import { AssayError, type RunManifest, type TaskInstance } from '../contracts/index.ts';

/** What is there now, to be compared with what the manifest locks. Parts that are left out are not compared. */
export interface LockedInputs {
  instances: readonly TaskInstance[];
  agent: { name: string; digest: string };
  model?: { id: string; parameters?: Record<string, unknown> };
}

/**
 * Throws `config-invalid` naming every difference. Of the dataset the instances of the run count, each with its digest: tasks that were added
 * to the set or changed beside them do not matter.
 */
export function checkLock(manifest: RunManifest, now: LockedInputs): void {
  const problems: string[] = [];
  const instances = new Map(now.instances.map((one) => [one.instanceId, one]));
  for (const { instanceId, digest } of manifest.dataset.instances) {
    const instance = instances.get(instanceId);
    if (instance === undefined) problems.push(`task ${instanceId} is gone from ${manifest.dataset.reference}`);
    else if (instance.digest !== digest) problems.push(`task ${instanceId} has changed`);
  }
  if (now.agent.name !== manifest.agent.name) {
    problems.push(`the agent is ${now.agent.name}, it was ${manifest.agent.name}`);
  } else if (now.agent.digest !== manifest.agent.digest) {
    problems.push(`the agent ${now.agent.name} has changed (prompt, tools or parameters)`);
  }
  if (now.model !== undefined && now.model.id !== manifest.model.id) {
    problems.push(`the model is ${now.model.id}, it was ${manifest.model.id}`);
  }
  for (const name of changedParameters(manifest.model.parameters, now.model?.parameters)) {
    problems.push(`the model parameter ${name} has changed`);
  }
  if (problems.length === 0) return;
  throw new AssayError('config-invalid', `Run ${manifest.runId} cannot go on: ${problems.join('; ')}.`, {
    class: 'input',
    retryable: false,
    hint: 'Put back what has changed, or begin a new run.',
    details: { problems },
  });
}

function changedParameters(before: Record<string, unknown>, now: Record<string, unknown> | undefined): string[] {
  if (now === undefined) return [];
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name])).sort();
}
