/** Dollars as plain decimal digits, greater than 0; undefined for any other text, also for hexadecimal and powers of ten. Pure. */
export function readPrice(text: string): number | undefined {
  const digits = text.trim();
  if (!/^\d{1,12}(?:\.\d{1,12})?$/.test(digits)) return undefined;
  const price = Number(digits);
  return price > 0 ? price : undefined;
}
