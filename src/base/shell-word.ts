/** One word of a shell, as plain as it can be; for what people may read. See `bashQuote` for text of any kind on one line. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
