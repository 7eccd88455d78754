import { useEffect, useState } from 'react';

/** A word that changes every `ms`, not while the page is hidden; `''` for ever when `ms` is null. */
export function usePolling(ms: number | null): string {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    if (ms === null) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setTick((before) => before + 1);
    }, ms);
    return () => clearInterval(timer);
  }, [ms]);
  return tick === 0 ? '' : String(tick);
}
