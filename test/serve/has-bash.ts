import { accessSync } from 'node:fs';

/** Connections into sandboxes are opened by their bash. */
export function hasBash(): boolean {
  try {
    accessSync('/bin/bash');
    return true;
  } catch {
    return false;
  }
}
