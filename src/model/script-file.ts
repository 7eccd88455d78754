/**
 * The file a scripted model follows.
 *
 *     usdPerReply: 0.004            # unknown cost when not given
 *     instances:
 *       ledger-rounding:            # instance id; `ledger-rounding#2` for the second attempt alone
 *         - say: Let me look.
 *           calls: [{ tool: bash, input: { command: ls } }]
 *         - expect: README          # regular expression the results of the last calls must match (`.` also matches line ends)
 *           say: Done.
 *           alternatives:           # further replies at this step, for `--lookahead`
 *             - calls: [{ tool: bash, input: { command: make } }]
 *     advice:                       # what `assay select --adviser` asks, by instance
 *       ledger-rounding:
 *         expected-changes: none
 *         reproduction-1: text with a fenced code block
 */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { AssayError } from '../contracts/index.ts';

const pattern = z.string().refine(isPattern, { error: 'is not a regular expression' });
const tokens = z.number().int().nonnegative();

const replySchema = z.strictObject({
  say: z.string().optional(),
  calls: z.array(z.strictObject({ tool: z.string(), input: z.record(z.string(), z.unknown()) })).default([]),
  /** Milliseconds before the reply comes. */
  latencyMs: z.number().nonnegative().default(0),
  /** Token counts of this reply; counted by characters where not given. */
  usage: z
    .strictObject({
      inputUncached: tokens,
      cacheRead: tokens,
      cacheWrite5m: tokens,
      cacheWrite1h: tokens,
      output: tokens,
    })
    .partial()
    .optional(),
  /** Dollars of this reply; `usdPerReply` where not given. */
  usd: z.number().nonnegative().optional(),
});

const stepSchema = replySchema.extend({
  expect: pattern.optional(),
  /** The second, third, ... reply to the same request. */
  alternatives: z.array(replySchema).default([]),
});

export const scriptSchema = z.strictObject({
  usdPerReply: z.number().nonnegative().optional(),
  instances: z.record(z.string().regex(/^[^#]+(#[1-9]\d*)?$/), z.array(stepSchema).min(1)),
  /** By instance, then by the last part of the call key. */
  advice: z.record(z.string(), z.record(z.string(), z.string())).default({}),
});
export type Script = z.infer<typeof scriptSchema>;
export type ScriptStep = z.infer<typeof stepSchema>;
export type ScriptReply = z.infer<typeof replySchema>;

/** Throws `file-not-found`, or `config-invalid` that lists every problem. */
export async function readScript(path: string): Promise<Script> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AssayError('file-not-found', `the script ${path} cannot be read`, {
      class: 'input',
      retryable: false,
      cause,
    });
  });
  const parsed = scriptSchema.safeParse(parseYaml(path, text));
  if (parsed.success) return parsed.data;
  throw invalid(path, z.prettifyError(parsed.error));
}

function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw invalid(path, cause instanceof Error ? cause.message : String(cause));
  }
}

function invalid(path: string, why: string): AssayError {
  return new AssayError('config-invalid', `${path}: ${why}`, { class: 'input', retryable: false });
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 's');
    return true;
  } catch {
    return false;
  }
}
