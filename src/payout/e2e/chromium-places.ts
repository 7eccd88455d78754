/**
 * Where Chromium's own program lies. First the one without windows: a page takes it a third of the processor time, as nothing draws tabs and buttons that nobody sees. Debian's
 * wrapper `/usr/bin/chromium` reads configuration that is not there in a sandbox, so it comes last.
 */
import { access } from 'node:fs/promises';

export const CHROMIUM_PLACES = [
  '/usr/lib/chromium/chromium-headless-shell',
  '/usr/lib/chromium/chromium',
  '/usr/lib/chromium-browser/chromium-browser',
  '/opt/google/chrome/chrome',
  '/usr/bin/chromium',
] as const;

/** The one of this machine, which sandboxes without an image use; null where there is none. */
export async function hostChromium(): Promise<string | null> {
  for (const place of CHROMIUM_PLACES) {
    const found = await access(place).then(
      () => true,
      () => false,
    );
    if (found) return place;
  }
  return null;
}
