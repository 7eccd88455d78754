/**
 * A model that follows a script file, for demos and tests of everything around a model. It fails on what the script does not expect, and on steps that are left over.
 *
 *     instances:
 *       ledger-rounding:            # instance id; `ledger-rounding#2` for the second attempt alone
 *         - say: Let me look.
 *           calls: [{ tool: bash, input: { command: ls } }]
 *         - expect: README           # regular expression the results of the last calls must match
 *           say: Done.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { AssayError, type Model, type ModelMessage, type ModelReply, type ModelRequest } from '../contracts/index.ts';

const stepSchema = z.strictObject({
  expect: z.string().optional(),
  say: z.string().optional(),
  calls: z.array(z.strictObject({ tool: z.string(), input: z.record(z.string(), z.unknown()) })).default([]),
  /** Milliseconds before the reply comes. */
  latencyMs: z.number().nonnegative().default(0),
});
export const scriptSchema = z.strictObject({
  /** Dollars of one reply; unknown when not given. */
  usdPerReply: z.number().nonnegative().optional(),
  instances: z.record(z.string(), z.array(stepSchema).min(1)),
});
type Step = z.infer<typeof stepSchema>;

/** Opens a script. Throws `file-not-found`, `config-invalid`. `complete` throws `script-unexpected`, `close` throws `script-unconsumed`. */
export async function openScriptedModel(path: string): Promise<Model> {
  const script = await readScript(path);
  /** Highest step reached per call prefix: what `close` checks. */
  const reached = new Map<string, { steps: readonly Step[]; last: number }>();
  return {
    id: `scripted:${path}`,
    contextTokens: null,

    async complete(request, call): Promise<ModelReply> {
      const { prefix, instance, attempt, step } = parseKey(call.callKey);
      const steps = script.instances[`${instance}#${attempt}`] ?? script.instances[instance];
      if (steps === undefined) throw unexpected(`${path} says nothing about ${instance}`);
      const line = steps[step - 1];
      if (line === undefined)
        throw unexpected(`${instance}: the script has ${steps.length} steps, step ${step} was asked for`);
      const seen = lastObservation(request.messages);
      if (line.expect !== undefined && !new RegExp(line.expect, 's').test(seen)) {
        throw unexpected(
          `${instance}: step ${step} expects /${line.expect}/ in the last results, which are: ${seen.slice(0, 500)}`,
        );
      }
      if (line.latencyMs > 0) await sleep(line.latencyMs, undefined, { signal: call.signal });
      reached.set(prefix, { steps, last: Math.max(step, reached.get(prefix)?.last ?? 0) });
      return reply(line, request, step, script.usdPerReply);
    },

    async close() {
      const open = [...reached].filter(([, { steps, last }]) => last < steps.length);
      reached.clear();
      if (open.length === 0) return;
      const list = open
        .map(([prefix, { steps, last }]) => `${prefix} stopped after ${last} of ${steps.length} steps`)
        .join('; ');
      throw new AssayError('script-unconsumed', `${path}: ${list}`, {
        class: 'model',
        retryable: false,
        hint: 'A limit ended the attempt, or the script goes on after a reply without calls.',
      });
    },
  };
}

async function readScript(path: string): Promise<z.infer<typeof scriptSchema>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AssayError('file-not-found', `the script ${path} cannot be read`, {
      class: 'input',
      retryable: false,
      cause,
    });
  });
  let data: unknown;
  try {
    data = parse(text);
  } catch (cause) {
    throw new AssayError('config-invalid', `${path}: ${cause instanceof Error ? cause.message : cause}`, {
      class: 'input',
      retryable: false,
      cause,
    });
  }
  const parsed = scriptSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new AssayError('config-invalid', `${path}: ${z.prettifyError(parsed.error)}`, {
    class: 'input',
    retryable: false,
  });
}

function parseKey(callKey: string) {
  const parts = callKey.split('/');
  const [instance = '', attempt = '1', step = '0'] = parts.slice(-3);
  return { prefix: parts.slice(0, -1).join('/'), instance, attempt: Number(attempt), step: Number(step) };
}

function lastObservation(messages: readonly ModelMessage[]): string {
  const last = messages.at(-1);
  if (last?.role !== 'tool') return '';
  return last.results
    .flatMap((result) => result.content.map((part) => (part.type === 'text' ? part.text : part.mediaType)))
    .join('\n');
}

/** Token counts by characters (four a token), everything before the last message from the cache: plausible numbers for displays. */
function reply(line: Step, request: ModelRequest, step: number, usdPerReply: number | undefined): ModelReply {
  const size = (value: unknown) => Math.ceil(JSON.stringify(value ?? '').length / 4);
  const calls = line.calls.map((one, index) => ({
    type: 'tool-call' as const,
    id: `call-${step}-${index + 1}`,
    name: one.tool,
    input: one.input,
  }));
  const content = [...(line.say === undefined ? [] : [{ type: 'text' as const, text: line.say }]), ...calls];
  return {
    message: { role: 'assistant', content },
    stopReason: calls.length > 0 ? 'tool-use' : 'end',
    usage: {
      inputUncached: size(request.messages.at(-1)),
      cacheRead: size(request.messages.slice(0, -1)),
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: size(content),
      reasoning: null,
    },
    cost: usdPerReply === undefined ? { kind: 'unknown' } : { kind: 'measured', usd: usdPerReply },
    servedModel: null,
    latencyMs: line.latencyMs,
    retries: [],
    rawUsage: null,
    source: 'scripted',
  };
}

function unexpected(message: string): AssayError {
  return new AssayError('script-unexpected', message, { class: 'model', retryable: false });
}
