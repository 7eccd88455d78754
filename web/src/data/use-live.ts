/** How far a log has grown, by server-sent events. */
import { useEffect, useState } from 'react';

/** At most one change in this time reaches a page: documents of large runs take a while. */
const CHANGE_MS = 500;

/** A word that changes when there is news at `live/<path>`; `''` before, and always when `path` is null. */
export function useLive(path: string | null): string {
  const [heard, setHeard] = useState('');
  useEffect(() => {
    if (path === null) return;
    const source = new EventSource(`live/${path}`);
    let latest = '';
    let timer: ReturnType<typeof setTimeout> | undefined;
    source.onmessage = (event: MessageEvent<string>) => {
      latest = event.data;
      timer ??= setTimeout(() => {
        timer = undefined;
        setHeard(latest);
      }, CHANGE_MS);
    };
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [path]);
  return heard;
}
