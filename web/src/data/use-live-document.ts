import { useEffect, useState } from 'react';
import { type Loaded, useDocument } from './use-document.ts';
import { useLive } from './use-live.ts';

interface LiveDocument<T> {
  path: string;
  /** Of the stream below `live/` that tells of news; null in a static export. */
  livePath: string | null;
  /** True when nothing will change any more. */
  isSettled: (value: T) => boolean;
}

/** A document that is read again as the log it is made from grows. The stream is opened once the document is there and not settled. */
export function useLiveDocument<T>({ path, livePath, isSettled }: LiveDocument<T>): Loaded<T> {
  const [open, setOpen] = useState(false);
  const version = useLive(open ? livePath : null);
  const loaded = useDocument<T>(path, version);
  const wanted = loaded.value !== null && !isSettled(loaded.value);
  useEffect(() => setOpen(wanted), [wanted]);
  return loaded;
}
