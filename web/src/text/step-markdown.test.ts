import { expect, it } from 'vitest';
import type { StepDocument, TextBox } from '../../../src/view/documents.ts';
import { stepLineOf } from '../../../test/support/step-line.ts';
import { stepMarkdown } from './step-markdown.ts';

const box = (text: string): TextBox => ({ text, bytes: text.length, blob: null, cut: false });

it('fences what holds fences', () => {
  const step: StepDocument = {
    ...stepLineOf(3),
    inputTokens: 0,
    latencyMs: 0,
    servedModel: null,
    reasoning: [],
    thought: [box('look')],
    calls: [
      {
        name: 'bash',
        input: box('cat x.md'),
        typed: true,
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
