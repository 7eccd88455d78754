import { memo, useEffect, useMemo, useRef } from 'react';
import type { StepLine, TextFileDocument } from '../../../src/view/documents.ts';
import { visibleText } from '../text/ansi.ts';
import { type DiffFile, diffFiles } from '../text/diff-lines.ts';
import { bytes } from '../text/format.ts';

/** Lines of one file that are shown; a patch that is larger is better read elsewhere. */
const MAX_LINES = 2_000;
const OPEN_FILES = 6;

/** A file to bring into sight, as a tool named it; a new object each time somebody asks. */
export interface ShownFile {
  path: string;
}

interface PatchViewProps {
  file: TextFileDocument;
  lines: readonly StepLine[];
  hrefOf: (line: StepLine) => string;
  shown: ShownFile | null;
}

/** The patch of an attempt, with links to the steps that edited each file. */
export const PatchView = memo(function PatchView({ file, lines, hrefOf, shown }: PatchViewProps) {
  const files = useMemo(() => diffFiles(file.text ?? ''), [file.text]);
  const parts = useRef<(HTMLDetailsElement | null)[]>([]);
  const place = shown === null ? -1 : files.findIndex((one) => isSameFile(shown.path, one.path));
  // biome-ignore lint/correctness/useExhaustiveDependencies: asking again for the same file brings it into sight again
  useEffect(() => {
    const part = parts.current[place];
    if (part == null) return;
    part.open = true;
    part.scrollIntoView({ block: 'start' });
    part.querySelector('summary')?.focus({ preventScroll: true });
  }, [shown, place]);
  if (file.text === null)
    return <p className="empty">There is no patch: the attempt has not ended, or none could be taken.</p>;
  if (file.text === '') return <p className="empty">The attempt changed nothing.</p>;
  return (
    <>
      {shown !== null && place < 0 && (
        <p className="quiet" role="status">
          {visibleText(shown.path)} is not in the patch: it was changed back, or lies elsewhere.
        </p>
      )}
      {file.leftOutBytes > 0 && (
        <p className="quiet">
          {bytes(file.leftOutBytes)} of {bytes(file.bytes)} in the middle are left out.
        </p>
      )}
      {files.map((one, at) => (
        <details
          // biome-ignore lint/suspicious/noArrayIndexKey: a patch may name a file twice, and its files never change places
          key={`${at} ${one.path}`}
          open={at < OPEN_FILES}
          ref={(part) => {
            parts.current[at] = part;
          }}
        >
          <summary>
            {visibleText(one.path)} <span className="added">+{one.added}</span>{' '}
            <span className="removed">−{one.removed}</span>
          </summary>
          <EditedIn path={one.path} lines={lines} hrefOf={hrefOf} />
          <DiffOf file={one} />
        </details>
      ))}
    </>
  );
});

function EditedIn({ path, lines, hrefOf }: { path: string } & Pick<PatchViewProps, 'lines' | 'hrefOf'>) {
  const edits = lines.filter((line) => line.edited.some((edited) => isSameFile(edited, path)));
  if (edits.length === 0) return null;
  return (
    <p className="quiet">
      edited in{' '}
      {edits.map((line) => (
        <span key={line.step}>
          <a href={hrefOf(line)}>step {line.step}</a>{' '}
        </span>
      ))}
    </p>
  );
}

function DiffOf({ file }: { file: DiffFile }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
    <section className="diff" tabIndex={0} aria-label={visibleText(`Changes of ${file.path}`)} dir="ltr">
      {file.lines.slice(0, MAX_LINES).map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of one file never change places
        <div key={at} className={`diff-${line.kind}`}>
          {visibleText(line.text) || ' '}
        </div>
      ))}
      {file.lines.length > MAX_LINES && <p className="quiet">and {file.lines.length - MAX_LINES} more lines</p>}
    </section>
  );
}

/** Tools name files from the root or from the folder that they are in, patches from the root of the repository. */
function isSameFile(edited: string, path: string): boolean {
  const plain = edited.replace(/^\.\//, '');
  return plain === path || plain.endsWith(`/${path}`) || path.endsWith(`/${plain}`);
}
