/** How far a log has grown, by server-sent events. */
import { useEffect, useState } from 'react';
import { followStream } from './follow-stream.ts';

/** At most one change in this time reaches a page: documents of large runs take a while. */
const CHANGE_MS = 500;
/** What a stream says in the end: what it told about may be gone. */
const ENDED = 'ended';

/**
 * A word that changes when there is news at `live/<path>`; `''` before, and always when `path` is null. A page that nobody sees listens to nothing: browsers allow few connections to a
 * server for all its tabs together.
 */
export function useLive(path: string | null): string {
  const [heard, setHeard] = useState('');
  useEffect(() => {
    if (path === null) return;
    let listening: AbortController | null = null;
    let latest = '';
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hear = (data: string) => {
      latest = data;
      timer ??= setTimeout(() => {
        timer = undefined;
        setHeard(latest);
      }, CHANGE_MS);
    };
    const turn = () => {
      if (document.visibilityState !== 'visible') {
        listening?.abort();
        listening = null;
      } else if (listening === null) {
        listening = new AbortController();
        const { signal } = listening;
        void followStream(`live/${path}`, signal, hear).then(() => {
          if (!signal.aborted) hear(ENDED);
        });
      }
    };
    turn();
    document.addEventListener('visibilitychange', turn);
    return () => {
      document.removeEventListener('visibilitychange', turn);
      clearTimeout(timer);
      listening?.abort();
    };
  }, [path]);
  return heard;
}
