import { memo, useState } from 'react';
import type { TextBox, TextPartDocument } from '../../../src/view/documents.ts';
import { fetchDocument, runPath } from '../data/fetch-document.ts';
import { asDocumentError } from '../data/use-document.ts';
import { styledRuns } from '../text/ansi.ts';
import { bytes } from '../text/format.ts';

/** Shown before somebody asks for more: enough to see what it is. */
const FIRST_CHARACTERS = 3_000;
const FIRST_LINES = 40;
/** Pieces that a browser lays out on its own, so that those out of sight cost nothing. */
const CHUNK_CHARACTERS = 8_000;

interface TextViewProps {
  runId: string;
  box: TextBox;
  label: string;
}

/** A text of a log, as text whatever is in it: its start, on demand all of it, and of very long ones part by part. */
export const TextView = memo(function TextView({ runId, box, label }: TextViewProps) {
  const [open, setOpen] = useState(false);
  const [rest, setRest] = useState<{ text: string; next: number; parts: number | null }>({
    text: '',
    next: 0,
    parts: null,
  });
  const [problem, setProblem] = useState<string | null>(null);
  const whole = rest.next > 0 ? rest.text : box.text;
  const short = startOf(whole);
  const more = box.blob !== null && (rest.parts === null || rest.next < rest.parts);
  const readOn = async () => {
    setOpen(true);
    try {
      const part = await fetchDocument<TextPartDocument>(`${runPath(runId)}/blobs/${box.blob}-${rest.next}.json`);
      setRest({ text: rest.text + part.text, next: rest.next + 1, parts: part.parts });
    } catch (error) {
      setProblem(asDocumentError(error).message);
    }
  };
  return (
    <div className="text">
      <Preformatted text={open ? whole : short} label={label} />
      {!open && short.length < whole.length && box.blob === null && (
        <button type="button" onClick={() => setOpen(true)}>
          {box.cut ? 'Show more' : `Show all ${bytes(box.bytes)}`}
        </button>
      )}
      {more && (
        <button type="button" onClick={() => void readOn()}>
          {rest.next === 0 ? `Show more of ${bytes(box.bytes)}` : `Show the next part of ${bytes(box.bytes)}`}
        </button>
      )}
      {box.cut && <p className="quiet">The rest of {bytes(box.bytes)} is in the files of the run only.</p>}
      {open && (
        <button type="button" onClick={() => setOpen(false)}>
          Show less
        </button>
      )}
      {problem !== null && <p className="problem">{problem}</p>}
    </div>
  );
});

const Preformatted = memo(function Preformatted({ text, label }: { text: string; label: string }) {
  const chunks = chunksOf(text);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
    <section className="pre" tabIndex={0} aria-label={label} dir="ltr">
      {chunks.map((chunk, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text never change places
        <pre key={at}>
          {styledRuns(chunk).map((run, index) =>
            run.classes === '' ? (
              run.text
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              <span key={index} className={run.classes}>
                {run.text}
              </span>
            ),
          )}
        </pre>
      ))}
    </section>
  );
});

function startOf(text: string): string {
  let end = -1;
  for (let line = 0; line < FIRST_LINES; line++) {
    end = text.indexOf('\n', end + 1);
    if (end < 0) break;
  }
  return text.slice(0, Math.min(end < 0 ? text.length : end, FIRST_CHARACTERS));
}

/** At line ends where there are any near; a line end at the end of a piece is the break between two blocks. */
function chunksOf(text: string): string[] {
  if (text.length <= CHUNK_CHARACTERS) return [text];
  const chunks: string[] = [];
  for (let at = 0; at < text.length; ) {
    const lineEnd = text.lastIndexOf('\n', at + CHUNK_CHARACTERS);
    const end = lineEnd > at ? lineEnd : Math.min(text.length, at + CHUNK_CHARACTERS);
    chunks.push(text.slice(at, end));
    at = lineEnd > at ? end + 1 : end;
  }
  return chunks;
}
