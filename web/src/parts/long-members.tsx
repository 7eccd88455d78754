import type { LongMember } from '../../../src/view/documents.ts';
import { visibleText } from '../text/ansi.ts';
import { TextView } from './text-view.tsx';

/** Long texts of something that shows their starts only, each to be read on. */
export function LongMembers({ runId, members }: { runId: string; members: readonly LongMember[] }) {
  return members.map(({ name, text }) => (
    <div key={name}>
      <h3>{visibleText(name)}</h3>
      <TextView runId={runId} box={text} label={visibleText(name)} />
    </div>
  ));
}
