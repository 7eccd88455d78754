import { resolve } from 'node:path';
import { AssayError, agentLimitsSchema } from '../../contracts/index.ts';
import { STORE_URL_HELP } from '../../share/open-shared-store.ts';
import { beginRun } from '../begin-run.ts';
import { defineCommand } from '../flag.ts';
import { withInterrupt } from '../interrupt.ts';
import { LIVE_CRITIC_HELP } from '../open-critic.ts';
import { openTaskSet, TABLE_FLAGS } from '../open-task-set.ts';
import { createProgress } from '../progress.ts';
import { ATTEMPTS, FILTER_FLAGS, filterOf, RUN_FLAGS, readPrompt, TASK_SET } from '../run-flags.ts';
import { printRun } from '../run-output.ts';
import { SANDBOX_FLAGS } from '../sandbox-flags.ts';

export const runCommand = defineCommand({
  name: 'run',
  summary: 'run an agent with a model on a dataset, grade the patches, report',
  arguments: [{ ...TASK_SET, help: `${TASK_SET.help}, or a SWE-bench data set` }],
  flags: {
    model: {
      kind: 'string',
      short: 'm',
      help: 'anthropic/NAME, openai/NAME, openai-chat/NAME, google/NAME, deepseek/NAME, openai-compatible/NAME, replay:FILE, scripted:FILE',
    },
    attempts: ATTEMPTS,
    ...RUN_FLAGS,
    ...SANDBOX_FLAGS,
    ...FILTER_FLAGS,
    ...TABLE_FLAGS,
    maxSteps: { kind: 'integer', min: 1, default: 100, help: 'model calls per attempt' },
    wallSeconds: { kind: 'number', min: 1, default: 3600, help: 'wall time per attempt' },
    maxTokens: { kind: 'integer', min: 1, help: 'input and output tokens per attempt' },
    maxCost: { kind: 'number', min: 0, placeholder: 'usd', help: 'dollars per attempt' },
    contextTokens: { kind: 'integer', min: 1, help: 'input tokens of one call (default: what the model takes)' },
    commandSeconds: { kind: 'number', min: 1, default: 120, help: 'time of one bash command' },
    temperature: { kind: 'number', min: 0, help: 'sampling temperature' },
    maxOutputTokens: { kind: 'integer', min: 1, default: 16384, help: 'output tokens of one call' },
    prompt: { kind: 'string', placeholder: 'file', help: 'prompt template instead of the built-in one' },
    prices: { kind: 'string', placeholder: 'file', help: 'JSON file with prices that go before the built-in table' },
    baseUrl: { kind: 'string', placeholder: 'url', help: 'address of the provider instead of its own' },
    record: {
      kind: 'string',
      placeholder: 'file',
      help: 'also record every reply into this cassette, for --model replay:FILE',
    },
    critic: {
      kind: 'string',
      placeholder: 'name',
      help: `values attempts while they go on: ${LIVE_CRITIC_HELP}`,
    },
    untilScore: {
      kind: 'number',
      placeholder: 'score',
      help: 'make no further attempts at an instance once the critic gives one this much',
    },
    lookahead: {
      kind: 'integer',
      min: 2,
      max: 64,
      placeholder: 'n',
      help: 'ask n times per step and take the reply the critic values most',
    },
    lookaheadFork: {
      kind: 'boolean',
      help: 'with --lookahead: first try what each reply calls in a copy of the sandbox, and show the critic what it brings',
    },
    recover: { kind: 'boolean', help: 'bring the agent back to an earlier step when it goes in circles' },
    recoverFall: {
      kind: 'number',
      min: 0,
      placeholder: 'by',
      help: "with --recover: also when the critic's value falls by this much",
    },
    recoverShare: {
      kind: 'number',
      min: 0,
      placeholder: 'share',
      help: 'with --recover: only for this share of the attempts, drawn at random, so that `assay show` can tell the effect',
    },
    join: {
      kind: 'string',
      placeholder: 'store',
      help: `share the run with every process that gives the same command and store: ${STORE_URL_HELP}`,
    },
    leaseSeconds: {
      kind: 'number',
      min: 2,
      default: 60,
      help: 'with --join: others go on with the attempts of a process that has been silent for so long',
    },
    runId: {
      kind: 'string',
      placeholder: 'id',
      help: 'name of the run (default: time and a random part; with --join: from what is run)',
    },
  },
  examples: [
    'assay run tasks/starter --model anthropic/claude-sonnet-4-5 -j 4 --budget 5',
    "assay run tasks/starter -m openai/gpt-5 -i 'shelf-*' -k 3",
    "assay run verified -m anthropic/claude-sonnet-4-5 -i 'django__*' --limit 50 --seed 1 --sandbox docker",
    'assay run tasks/starter -m openai/gpt-5 -k 3 --join s3://evals/assay',
  ],
  async run({ args, flags }) {
    if (flags.model === undefined) {
      throw new AssayError('usage', 'a run needs a model', {
        class: 'input',
        retryable: false,
        hint: 'Name one with --model, e.g. --model anthropic/claude-sonnet-4-5.',
      });
    }
    const { split, repos, image } = flags;
    const tasks = await withInterrupt((signal) =>
      openTaskSet(args[0] ?? '', { filter: filterOf(flags), split, repos, image, signal }),
    );
    const limits = agentLimitsSchema.parse({
      steps: flags.maxSteps,
      wallSeconds: flags.wallSeconds,
      commandSeconds: flags.commandSeconds,
      ...(flags.maxTokens === undefined ? {} : { tokens: flags.maxTokens }),
      ...(flags.maxCost === undefined ? {} : { costUsd: flags.maxCost }),
      ...(flags.contextTokens === undefined ? {} : { contextTokens: flags.contextTokens }),
    });
    const notShared = flags.record !== undefined ? '--record' : flags.untilScore !== undefined ? '--until-score' : null;
    if (flags.join !== undefined && notShared !== null) {
      const message = `${notShared} does not go with --join: it needs one process that sees all attempts`;
      throw new AssayError('usage', message, { class: 'input', retryable: false });
    }
    const outcome = await beginRun(
      {
        tasks,
        settings: {
          model: flags.model,
          temperature: flags.temperature,
          maxOutputTokens: flags.maxOutputTokens,
          baseUrl: flags.baseUrl,
          prices: flags.prices,
          record: flags.record,
          budgetUsd: flags.budget,
          critic: flags.critic,
          untilScore: flags.untilScore,
          lookahead: flags.lookahead,
          lookaheadFork: flags.lookaheadFork || undefined,
          recover: flags.recover || undefined,
          recoverFall: flags.recoverFall,
          recoverShare: flags.recoverShare,
        },
        prompt: flags.prompt === undefined ? undefined : await readPrompt(flags.prompt),
        attempts: flags.attempts,
        limits,
        runsDir: resolve(flags.runsDir),
        runId: flags.runId,
        jobs: flags.jobs,
        sandbox: { sandbox: flags.sandbox, tier: flags.tier },
        image: flags.image,
        join: flags.join === undefined ? undefined : { store: flags.join, leaseSeconds: flags.leaseSeconds },
      },
      createProgress({ quiet: flags.quiet }),
    );
    printRun(flags.json, outcome);
    return outcome.exitCode;
  },
});
