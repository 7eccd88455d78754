/** True when lists and objects lie more than `limit` deep in each other. Takes no stack itself, so that any depth can be asked about. Pure. */
export function isNestedDeeper(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const inner = level.filter((one) => typeof one === 'object' && one !== null);
    if (inner.length > 0 && depth >= limit) return true;
    level = inner.flatMap((one) => Object.values(one as object));
  }
  return false;
}
