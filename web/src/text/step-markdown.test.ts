import { expect, it } from 'vitest';
import type { StepDocument, TextBox } from '../../../src/view/documents.ts';
import { stepMarkdown } from './step-markdown.ts';

const box = (text: string): TextBox => ({ text, bytes: text.length, blob: null, cut: false });

it('fences what holds fences', () => {
  const step: StepDocument = {
    step: 3,
    at: '',
    title: '',
    tools: ['bash'],
    edited: [],
    usd: null,
    outputTokens: 0,
    durationMs: 0,
    value: null,
    failed: false,
    intervention: null,
    inputTokens: 0,
    latencyMs: 0,
    servedModel: null,
    reasoning: [],
    thought: [box('look')],
    calls: [
      {
        name: 'bash',
        input: box('cat x.md'),
        long: [],
        result: { texts: [box('```\nx\n```')], images: [], isError: false, exitCode: 0, durationMs: 1, cutBytes: 0 },
      },
    ],
    told: [],
  };
  expect(stepMarkdown(step)).toBe(
    '### Step 3\n\nlook\n\n**Action: bash**\n\n```\ncat x.md\n```\n\n**Observation, exit 0**\n\n````\n```\nx\n```\n````\n',
  );
});
