import { ask } from './fetch-document.ts';

/** Lets the browser save a document under a name. Throws like `fetchDocument`. */
export async function saveDocument(path: string, name: string): Promise<void> {
  const address = URL.createObjectURL(await (await ask(`data/${path}`)).blob());
  saveAs(address, name);
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Saves what an address leads to. */
export function saveAs(href: string, name: string): void {
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  link.click();
}
