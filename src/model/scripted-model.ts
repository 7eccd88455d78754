/** A model that follows a script file, for demos and tests of everything around a model. It fails on what the script does not expect, and on steps that are left over. */
import { counted } from '../base/counted.ts';
import { AssayError, type Model, type ModelMessage, type ModelReply, type ModelRequest } from '../contracts/index.ts';
import { abortableSleep } from './abortable-sleep.ts';
import { readScript, type Script, type ScriptReply, type ScriptStep } from './script-file.ts';

/**
 * Opens a script. The step is told by the call key, so a resumed attempt goes on where it stopped. Throws `file-not-found`, `config-invalid`. `complete` throws `script-unexpected`: an
 * instance the script does not know, a step after its last one or after one that was left out, an expectation that is not met. `close` throws `script-unconsumed` for attempts that
 * began and did not come to their last step; instances nobody asked about are no error.
 */
export async function openScriptedModel(path: string): Promise<Model> {
  const script = await readScript(path);
  /** The last step of each attempt. */
  const reached = new Map<string, { steps: readonly ScriptStep[]; last: number }>();
  return {
    id: `scripted:${path}`,
    contextTokens: null,

    async complete(request, call): Promise<ModelReply> {
      const question = parseQuestion(call.callKey);
      if (question !== undefined) return advise(path, script, question, request);
      const { attemptKey, instance, attempt, step, candidate } = parseKey(call.callKey);
      const steps = script.instances[`${instance}#${attempt}`] ?? script.instances[instance];
      if (steps === undefined) throw unexpected(`${path} says nothing about ${instance}`);
      const line = steps[step - 1];
      if (line === undefined)
        throw unexpected(`${instance}: the script has ${steps.length} steps, step ${step} was asked for`);
      const before = reached.get(attemptKey)?.last;
      if (before !== undefined && step > before + 1)
        throw unexpected(`${instance}: step ${step} was asked for after step ${before}`);
      const seen = lastObservation(request.messages);
      if (line.expect !== undefined && !new RegExp(line.expect, 's').test(seen))
        throw unexpected(
          `${instance}: step ${step} expects /${line.expect}/ in the last results, which are: ${seen.slice(0, 500)}`,
        );
      const reply = candidate === 1 ? line : line.alternatives[candidate - 2];
      if (reply === undefined) {
        const count = line.alternatives.length + 1;
        throw unexpected(
          `${instance}: step ${step} has ${counted(count, 'reply', 'replies')}, number ${candidate} was asked for`,
        );
      }
      await abortableSleep(reply.latencyMs, call.signal);
      reached.set(attemptKey, { steps, last: Math.max(step, before ?? 0) });
      return replyOf(reply, request, step, reply.usd ?? script.usdPerReply);
    },

    async close() {
      const open = [...reached].filter(([, { steps, last }]) => last < steps.length);
      reached.clear();
      if (open.length === 0) return;
      const list = open.map(([key, { steps, last }]) => `${key} stopped after ${last} of ${steps.length} steps`);
      throw new AssayError('script-unconsumed', `${path}: ${list.join('; ')}`, {
        class: 'model',
        retryable: false,
        hint: 'A limit ended the attempt, or the script goes on after a reply without calls.',
      });
    },
  };
}

/** `<run>/<instance>/<attempt>/<step>`, with `~<n>` after it for the n-th reply to one request. */
function parseKey(callKey: string) {
  const [run, instance = '', attempt = '', place = '', ...rest] = callKey.split('/');
  const [, step, candidate = '1'] = /^([1-9]\d*)(?:~([1-9]\d*))?$/.exec(place) ?? [];
  if (rest.length > 0 || !/^[1-9]\d*$/.test(attempt) || step === undefined)
    throw unexpected(`${callKey} is no call key of the form run/instance/attempt/step`);
  const attemptKey = `${run}/${instance}/${attempt}`;
  return { attemptKey, instance, attempt: Number(attempt), step: Number(step), candidate: Number(candidate) };
}

interface Question {
  instance: string;
  question: string;
}

/** `<run>/select/<instance>/<question>`: of an adviser. Undefined for the key of a step. */
function parseQuestion(callKey: string): Question | undefined {
  const [, kind, instance, question, ...rest] = callKey.split('/');
  if (kind !== 'select' || instance === undefined || question === undefined || rest.length > 0) return undefined;
  return /^\d/.test(question) ? undefined : { instance, question };
}

function advise(path: string, script: Script, { instance, question }: Question, request: ModelRequest): ModelReply {
  const say = script.advice[instance]?.[question];
  if (say === undefined) throw unexpected(`${path} has no advice on ${instance}, ${question}`);
  return replyOf({ say, calls: [], latencyMs: 0 }, request, 1, script.usdPerReply);
}

function lastObservation(messages: readonly ModelMessage[]): string {
  const last = messages.at(-1);
  if (last?.role !== 'tool') return '';
  return last.results
    .flatMap((result) => result.content.map((part) => (part.type === 'text' ? part.text : part.mediaType)))
    .join('\n');
}

/** Token counts by characters (four a token), everything before the last message from the cache: plausible numbers for displays. */
function replyOf(line: ScriptReply, request: ModelRequest, step: number, usd: number | undefined): ModelReply {
  const size = (value: unknown) => Math.ceil(JSON.stringify(value ?? '').length / 4);
  const calls = line.calls.map((one, index) => ({
    type: 'tool-call' as const,
    id: `call-${step}-${index + 1}`,
    name: one.tool,
    input: structuredClone(one.input),
  }));
  const content = [...(line.say === undefined ? [] : [{ type: 'text' as const, text: line.say }]), ...calls];
  return {
    message: { role: 'assistant', content },
    stopReason: calls.length > 0 ? 'tool-use' : 'end',
    usage: {
      inputUncached: line.usage?.inputUncached ?? size(request.messages.at(-1)),
      cacheRead: line.usage?.cacheRead ?? size([request.system, request.tools, request.messages.slice(0, -1)]),
      cacheWrite5m: line.usage?.cacheWrite5m ?? 0,
      cacheWrite1h: line.usage?.cacheWrite1h ?? 0,
      output: line.usage?.output ?? size(content),
      reasoning: null,
    },
    cost: usd === undefined ? { kind: 'unknown' } : { kind: 'measured', usd },
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
