import { useState } from 'react';
import type { ImageBox, TextPartDocument } from '../../../src/view/documents.ts';
import { fetchDocument, runPath } from '../data/fetch-document.ts';
import { asDocumentError } from '../data/use-document.ts';
import { bytes } from '../text/format.ts';

/** Formats without scripts or links of their own. */
const SHOWN_TYPES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
const BASE64 = /^[A-Za-z0-9+/=]*$/;

interface ImageViewProps {
  runId: string;
  image: ImageBox;
  /** What it is, for who does not see it. */
  words: string;
}

/** An image of a trajectory; a large one is loaded when somebody wants to see it. */
export function ImageView({ runId, image, words }: ImageViewProps) {
  const [data, setData] = useState(image.data.blob === null ? image.data.text : null);
  const [problem, setProblem] = useState<string | null>(null);
  if (!SHOWN_TYPES.has(image.mediaType))
    return (
      <p className="quiet">
        An image of type {image.mediaType.slice(0, 80)}, {bytes(image.data.bytes)}: not shown, as such images may hold
        scripts.
      </p>
    );
  if (problem !== null) return <p className="problem">{problem}</p>;
  if (data === null)
    return (
      <button
        type="button"
        onClick={() =>
          wholeBlob(runId, image.data.blob ?? '').then(setData, (error: unknown) =>
            setProblem(asDocumentError(error).message),
          )
        }
      >
        Show the image ({image.mediaType}, {bytes(image.data.bytes)})
      </button>
    );
  if (!BASE64.test(data)) return <p className="quiet">An image that is not encoded as it should be.</p>;
  return <img className="shot" src={`data:${image.mediaType};base64,${data}`} alt={words} />;
}

async function wholeBlob(runId: string, blob: string): Promise<string> {
  let text = '';
  for (let part = 0, parts = 1; part < parts; part++) {
    const document = await fetchDocument<TextPartDocument>(`${runPath(runId)}/blobs/${blob}-${part}.json`);
    text += document.text;
    parts = document.parts;
  }
  return text;
}
